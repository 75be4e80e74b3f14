"""Feature columns: what COLUMN says, fitted on the training data, applied ever after.

`_declared` holds what the program says (light to import: every step imports it), `_fit` turns it
and the training data into a `Specification`, which `_fitted` defines: JSON in the model, and the
only thing that prediction looks at. `_values` reads cells, `_encoded` is what engines receive.
"""
