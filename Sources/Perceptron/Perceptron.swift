// One import for users: matrices, networks, training, data, model files and serving.

@_exported import Datasets
@_exported import Files
@_exported import Layers
@_exported import ModelFiles
@_exported import Serving
@_exported import Tensor
@_exported import Training
