(class_specifier name: (type_identifier) @name body: (_)) @class
(class_specifier name: (template_type name: (type_identifier) @name) body: (_)) @class
(namespace_definition name: (_) @name) @module
(alias_declaration name: (type_identifier) @name) @type
(concept_definition name: (identifier) @name) @type
(function_definition declarator: (function_declarator declarator:
  [(field_identifier) (destructor_name) (operator_name)] @name)) @method
(function_definition declarator: (reference_declarator (function_declarator declarator:
  [(identifier) (field_identifier) (operator_name)] @name))) @method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator:
  (field_identifier) @name))) @method
(function_definition declarator: (function_declarator declarator:
  (qualified_identifier) @name)) @method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator:
  (qualified_identifier) @name))) @method
(function_definition declarator: (reference_declarator (function_declarator declarator:
  (qualified_identifier) @name))) @method
(field_declaration declarator: (function_declarator declarator:
  [(field_identifier) (operator_name)] @name)) @method
(field_declaration declarator: (pointer_declarator declarator: (function_declarator declarator:
  (field_identifier) @name))) @method
(field_declaration declarator: (reference_declarator (function_declarator declarator:
  [(field_identifier) (operator_name)] @name))) @method
