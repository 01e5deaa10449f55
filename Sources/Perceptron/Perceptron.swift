// One import for users: matrices, networks, training, data and model files.

@_exported import Datasets
@_exported import Layers
@_exported import ModelFiles
@_exported import Tensor
@_exported import Training
