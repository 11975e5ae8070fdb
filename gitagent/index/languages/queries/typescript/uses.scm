(type_identifier) @ref
(class_heritage (extends_clause value: (identifier) @ref))
