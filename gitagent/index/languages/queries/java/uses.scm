(method_invocation name: (identifier) @ref)
(method_invocation object: (identifier) @ref (#match? @ref "^[A-Z]"))
(method_reference (identifier) @ref)
(marker_annotation name: (identifier) @ref)
(annotation name: (identifier) @ref)
(type_identifier) @ref
(identifier) @maybe.constant
(import_declaration) @import
