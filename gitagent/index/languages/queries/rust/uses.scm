(call_expression function: (identifier) @ref)
(call_expression function: (field_expression field: (field_identifier) @ref))
(call_expression function: (scoped_identifier name: (identifier) @ref))
(call_expression function: (generic_function function: (identifier) @ref))
(call_expression function: (generic_function function: (scoped_identifier name: (identifier) @ref)))
(call_expression function: (generic_function function: (field_expression field: (field_identifier) @ref)))
(scoped_identifier path: (identifier) @ref (#match? @ref "^[A-Z]"))
(scoped_identifier path: (scoped_identifier name: (identifier) @ref (#match? @ref "^[A-Z]")))
(macro_invocation macro: (identifier) @ref)
(macro_invocation macro: (scoped_identifier name: (identifier) @ref))
(type_identifier) @ref
(identifier) @maybe.constant
(use_declaration argument: (_) @import)
(mod_item name: (identifier) @import.mod !body)
