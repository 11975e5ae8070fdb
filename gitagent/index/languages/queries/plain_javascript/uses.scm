(class_heritage (identifier) @ref)
