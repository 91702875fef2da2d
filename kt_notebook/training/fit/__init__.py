"""How a fit of Keras runs many steps in one call of TensorFlow's, with the numbers of Keras' own `fit`."""
