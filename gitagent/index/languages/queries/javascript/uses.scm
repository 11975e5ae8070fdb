; `_` where its field alone says what it is: a name there takes longer to compile
(call_expression function: (identifier) @ref)
(call_expression function: (_ property: (property_identifier) @ref))
(new_expression constructor: (identifier) @ref)
(new_expression constructor: (_ property: (property_identifier) @ref))
(import_specifier name: (identifier) @ref)
(import_clause (identifier) @ref)
(export_specifier name: (identifier) @ref)
(identifier) @maybe.constant
(import_statement source: (string (string_fragment) @import))
(export_statement source: (string (string_fragment) @import))
(call_expression function: (import) arguments: (arguments . (string (string_fragment) @import)))
(call_expression function: (identifier) @_f
  arguments: (arguments . (string (string_fragment) @import)) (#eq? @_f "require"))
