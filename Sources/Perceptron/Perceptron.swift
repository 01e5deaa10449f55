// One import for users: matrices, networks, training, data, model files and serving.

@_exported import PerceptronDatasets
@_exported import PerceptronFiles
@_exported import PerceptronLayers
@_exported import PerceptronModelFiles
@_exported import PerceptronServing
@_exported import PerceptronTraining
@_exported import Tensor
