(call_expression function: (identifier) @ref)
(call_expression function: (selector_expression field: (field_identifier) @ref))
(type_identifier) @ref
(import_spec path: (interpreted_string_literal) @import)
(import_spec path: (raw_string_literal) @import)
