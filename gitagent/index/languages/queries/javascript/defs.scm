; `_` where its field alone says what it is: a name there takes longer to compile
(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(class_declaration name: (_) @name) @class
(method_definition name: [(property_identifier) (private_property_identifier)] @name) @method
(program (lexical_declaration (variable_declarator
  name: (identifier) @name value: [(arrow_function) (function_expression)])) @function)
(program (export_statement declaration: (lexical_declaration (variable_declarator
  name: (identifier) @name value: [(arrow_function) (function_expression)])) @function))
(program (lexical_declaration (variable_declarator name: (identifier) @name)) @constant)
(program (export_statement declaration:
  (lexical_declaration (variable_declarator name: (identifier) @name)) @constant))
(program (variable_declaration (variable_declarator name: (identifier) @name)) @constant)
(pair key: (property_identifier) @name
  value: [(arrow_function) (function_expression)]) @method
(assignment_expression left: (_ property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (class)]) @function
