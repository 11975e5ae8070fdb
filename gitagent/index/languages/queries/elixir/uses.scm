(call target: (identifier) @ref)
(call target: (dot right: (identifier) @ref))
(binary_operator operator: "|>" right: (identifier) @ref)
(unary_operator operator: "&" operand: (binary_operator left: (identifier) @ref operator: "/"))
(alias) @alias
(call target: (identifier) (arguments . [(alias) (dot left: (alias) right: (tuple))])) @import
