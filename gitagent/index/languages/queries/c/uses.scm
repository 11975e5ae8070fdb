(call_expression function: (identifier) @ref)
(call_expression function: (field_expression field: (field_identifier) @ref))
(type_identifier) @ref
(identifier) @maybe.constant
(preproc_include path: (_) @import)
