#!/usr/bin/env python3
"""Writes Tests/TrainingTests/GoldenTrajectories.swift: losses and parameters of PyTorch's optimizers on a small network.

The network is 3-5-2 with tanh and softmax, its loss the cross-entropy of twelve samples, all in each step and in double
precision. Data and first parameters are simple fractions, which GoldenTests.swift computes in the same way. iRPROP- and L-BFGS
minimise the loss with half of 0.01 times the squares of the weights, so that there is a minimum to reach. L-BFGS is PyTorch's
with a threshold for the curvature that is relative, as the absolute one there stops its progress early. PyTorch's Rprop is
another variant, so iRPROP- (Igel and Huesken 2003) is written out here.

    python3 Scripts/golden-trajectories.py > Tests/TrainingTests/GoldenTrajectories.swift     (needs torch)
"""

import inspect
import sys

import torch

STEPS = 120
L2 = 0.01


def problem():
  """Features 3 x 12, classes, and the parameters in the order of the package: weights column after column, then biases."""
  x = torch.tensor([[(7 * i + 3 * j + i * j) % 11 / 5 - 1 for j in range(12)] for i in range(3)], dtype=torch.float64)
  y = torch.tensor([(j * j + j // 3) % 2 for j in range(12)])
  shapes = [(5, 3), (5, 1), (2, 5), (2, 1)]
  parameters, k = [], 0
  for rows, columns in shapes:
    values = [(5 * n * n + 3 * n) % 17 / 17 - 0.5 for n in range(k, k + rows * columns)]
    k += rows * columns
    parameters.append(torch.tensor(values, dtype=torch.float64).reshape(columns, rows).T.contiguous().requires_grad_())
  return x, y, parameters


def loss_of(x, y, parameters, l2=0.0):
  w1, b1, w2, b2 = parameters
  z = w2 @ torch.tanh(w1 @ x + b1) + b2
  return torch.nn.functional.cross_entropy(z.T, y) + l2 / 2 * ((w1 * w1).sum() + (w2 * w2).sum())


class IRPropMinus:

  def __init__(self, parameters):
    self.parameters = parameters
    self.steps = [torch.full_like(p, 0.01) for p in parameters]
    self.gradients = [torch.zeros_like(p) for p in parameters]

  def zero_grad(self):
    for p in self.parameters:
      p.grad = None

  def step(self):
    with torch.no_grad():
      for p, step, before in zip(self.parameters, self.steps, self.gradients):
        turn = torch.sign(p.grad) * torch.sign(before)
        step[turn > 0] = torch.clamp(step[turn > 0] * 1.2, max=50)
        step[turn < 0] = torch.clamp(step[turn < 0] * 0.5, min=1e-6)
        p.grad[turn < 0] = 0
        p -= torch.sign(p.grad) * step
        before.copy_(p.grad)


class Lion:

  def __init__(self, parameters):
    self.parameters = parameters
    self.means = [torch.zeros_like(p) for p in parameters]

  def zero_grad(self):
    for p in self.parameters:
      p.grad = None

  def step(self):
    with torch.no_grad():
      for p, mean in zip(self.parameters, self.means):
        p -= 0.01 * torch.sign(0.9 * mean + 0.1 * p.grad)
        mean.copy_(0.99 * mean + 0.01 * p.grad)


def run(make, l2=0.0):
  x, y, parameters = problem()
  optimizer = make(parameters)
  losses = []

  def closure():
    optimizer.zero_grad()
    loss = loss_of(x, y, parameters, l2)
    loss.backward()
    return loss

  for _ in range(STEPS):
    if type(optimizer).__name__ == 'LBFGS':
      losses.append(optimizer.step(closure).item())
    else:
      losses.append(closure().item())
      optimizer.step()
  return losses, torch.cat([p.detach().T.reshape(-1) for p in parameters]).tolist()


def torch_lbfgs(parameters):
  source = inspect.getsource(sys.modules['torch.optim.lbfgs']).replace('ys > 1e-10', 'ys > 1e-10 * y.dot(y)')
  module = {'__name__': 'torch.optim.lbfgs', '__package__': 'torch.optim'}
  exec(source, module)
  return module['LBFGS'](
    parameters, lr=1, max_iter=1, max_eval=100, history_size=10, tolerance_grad=0, tolerance_change=0,
    line_search_fn='strong_wolfe')


CASES = [
  ('sgd', '.sgd(learningRate: 0.3)', lambda p: torch.optim.SGD(p, lr=0.3), 0),
  ('momentum', '.momentum(learningRate: 0.05, momentum: 0.9)', lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), 0),
  ('nesterov', '.momentum(learningRate: 0.05, momentum: 0.9, nesterov: true)',
   lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), 0),
  ('rmsprop', '.rmsProp(learningRate: 0.005)', lambda p: torch.optim.RMSprop(p, lr=0.005), 0),
  ('adagrad', '.adaGrad(learningRate: 0.1)', lambda p: torch.optim.Adagrad(p, lr=0.1), 0),
  ('adam', '.adam(learningRate: 0.02)', lambda p: torch.optim.Adam(p, lr=0.02), 0),
  ('adamw', '.adam(learningRate: 0.02, weightDecay: 0.1)', lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1), 0),
  ('lion', '.lion(learningRate: 0.01)', Lion, 0),
  ('rprop', '.rProp()', IRPropMinus, L2),
  ('lbfgs', '.lbfgs()', torch_lbfgs, L2),
]


def array(values):
  lines = [', '.join(repr(v) for v in values[i:i + 5]) for i in range(0, len(values), 5)]
  return '[\n      ' + ',\n      '.join(lines) + ',\n    ]'


if __name__ == '__main__':
  print(f'// Made by Scripts/golden-trajectories.py with PyTorch {torch.__version__.split("+")[0]}; not to be edited.\n')
  print('import PerceptronTraining\n')
  print('let goldenTrajectories: [GoldenTrajectory] = [')
  for name, optimizer, make, l2 in CASES:
    losses, parameters = run(make, l2)
    print(f'  GoldenTrajectory(\n    name: "{name}", optimizer: {optimizer}, l2: {l2},')
    print(f'    losses: {array(losses)},')
    print(f'    parameters: {array(parameters)}),')
  print(']')
