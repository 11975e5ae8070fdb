(function_item name: (identifier) @name) @function
(function_signature_item name: (identifier) @name) @function
(struct_item name: (type_identifier) @name) @struct
(union_item name: (type_identifier) @name) @struct
(enum_item name: (type_identifier) @name) @enum
(trait_item name: (type_identifier) @name) @trait
(type_item name: (type_identifier) @name) @type
(mod_item name: (identifier) @name body: (_)) @module
(macro_definition name: (identifier) @name) @macro
(const_item name: (identifier) @name) @constant
(static_item name: (identifier) @name) @constant
(field_declaration name: (field_identifier) @name) @field
(enum_variant name: (identifier) @name) @field
(impl_item type: (type_identifier) @name) @within
(impl_item type: (generic_type type: (type_identifier) @name)) @within
(impl_item type: (scoped_type_identifier name: (type_identifier) @name)) @within
