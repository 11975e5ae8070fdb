(call_expression function: (qualified_identifier name: (identifier) @ref))
(call_expression function: (template_function name: (identifier) @ref))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @ref)))
(qualified_identifier scope: (namespace_identifier) @ref)
