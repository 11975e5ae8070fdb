; `_` where its field alone says what it is: a name there takes longer to compile
(call function: (identifier) @ref)
(call function: (_ attribute: (identifier) @ref))
(decorator (identifier) @ref)
(decorator (_ attribute: (identifier) @ref))
(type (identifier) @ref)
(type (generic_type (identifier) @ref))
(type (_ attribute: (identifier) @ref))
(class_definition superclasses: (argument_list (identifier) @ref))
(class_definition superclasses: (argument_list (_ attribute: (identifier) @ref)))
(except_clause value: (identifier) @ref)
(raise_statement (identifier) @ref)
(identifier) @maybe.constant
(import_statement) @import
(import_from_statement) @import
