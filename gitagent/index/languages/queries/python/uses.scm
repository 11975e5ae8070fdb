(call function: (identifier) @ref)
(call function: (attribute attribute: (identifier) @ref))
(decorator (identifier) @ref)
(decorator (attribute attribute: (identifier) @ref))
(type (identifier) @ref)
(type (generic_type (identifier) @ref))
(type (attribute attribute: (identifier) @ref))
(class_definition superclasses: (argument_list (identifier) @ref))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @ref)))
(except_clause value: (identifier) @ref)
(raise_statement (identifier) @ref)
(identifier) @maybe.constant
(import_statement) @import
(import_from_statement) @import
