(class_definition name: (identifier) @name) @class
(function_definition name: (identifier) @name) @function
(type_alias_statement left: (type (identifier) @name)) @type
(type_alias_statement left: (type (generic_type (identifier) @name))) @type
(module (expression_statement (assignment left: (identifier) @name) @constant))
(class_definition
  body: (block (expression_statement (assignment left: (identifier) @name) @field)))
