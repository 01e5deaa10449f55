#!/usr/bin/env python3
"""Compares perceptron's ONNX files with ONNX Runtime, and PyTorch's and Keras' with what perceptron makes of them.

    Scripts/check-onnx.py PERCEPTRON [DIRECTORY]

Models of every activation, task, scaling and precision are trained for a moment on tables made here, exported, checked by onnx.checker and run by
ONNX Runtime on the raw fields; their answers have to agree with `perceptron predict` to 1e-5 relative to the largest answer, of values to that without their mean. Then graphs from PyTorch's two
exporters, from Keras, skl2onnx (where they are installed), of ONNX's own tests of operators and written as tf2onnx writes them are imported and compared in the same way.
"""

import csv
import logging
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

PERCEPTRON = os.path.abspath(sys.argv[1])
DIRECTORY = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else tempfile.mkdtemp()
TOLERANCE = 1e-5
ACTIVATIONS = (
    "relu leaky-relu elu selu gelu gelu-tanh silu mish hard-swish softplus tanh sigmoid softsign identity").split()
SPLIT = ("--validation-split", "0.3")
worst = {}


def run(*words):
    result = subprocess.run([PERCEPTRON, *words], capture_output=True, text=True, cwd=DIRECTORY)
    if result.returncode:
        sys.exit(f"perceptron {' '.join(words)}: {result.stderr}")
    return result.stdout


def write_csv(name, header, rows):
    with open(os.path.join(DIRECTORY, name), "w", newline="") as file:
        csv.writer(file).writerows([header] + rows)


def make_tables():
    """Numbers are multiples of 1/64, so that they are the same in every precision."""
    random = np.random.default_rng(0)
    count = 300
    numbers = np.round(random.normal([0, 100, -3, 2000], [1, 3, 0.25, 500], (count, 4)) * 64) / 64
    z = (numbers - numbers.mean(0)) / numbers.std(0)
    numbers[:, 2] = np.round(numbers[:, 2] * 4) / 4  # with ties
    texts = random.choice(["red", "green", "light blue", "", "NA", "nan"], count)
    other = random.choice(["x", "y"], count)
    kind = np.where(z[:, 0] + z[:, 1] > 0.7, "many", np.where(z[:, 2] > 0.3, "some", "none"))
    price = 1000 + 50 * z[:, 0] - 20 * z[:, 3] + 10 * (texts == "red")
    fields = [[f"{value:.6f}" for value in row] for row in numbers]
    for row in range(0, count, 7):
        fields[row][row % 4] = ["", "NA", "?", "null", "NaN"][row % 5]
    columns = ["a", "b", "c", "d"]
    write_csv("classes.csv", columns + ["kind"], [f + [k] for f, k in zip(fields, kind)])
    write_csv("values.csv", columns + ["price"], [f + [p] for f, p in zip(fields, price)])
    # Counts, many of which are 0.
    write_csv("counts.csv", columns + ["count"], [f + [int(n)] for f, n in zip(fields, random.poisson(np.exp(z[:, 0] - 1)))])
    noise = 500 * random.normal(size=count)
    write_csv("noisy.csv", columns + ["price"], [f + [p] for f, p in zip(fields, price + noise)])
    write_csv("two.csv", columns + ["price", "size"], [f + [p, q] for f, p, q in zip(fields, price, z[:, 1])])
    # Times in seconds and Julian days, which float32 does not hold.
    write_csv(
        "far.csv", ["time", "b", "day"],
        [[repr(1.7e9 + 30 * u), repr(v), repr(2460000 + 100 * (u + v))] for u, v in z[:, :2].tolist()])
    write_csv(
        "labels.csv", columns + ["tall", "old"],
        [f + ["yes" if u > 0 else "no", "1" if v > 0 else "0"] for f, u, v in zip(fields, z[:, 0], z[:, 1])])
    write_csv(
        "texts.csv", ["a", "colour", "b", "c", "other", "output", "kind"],
        [[f[0], t, f[1], f[2], o, f[3], k] for f, t, o, k in zip(fields, texts, other, kind)])
    # Classes that are often wrong, whatever the numbers say.
    many = np.round(random.normal(size=(4000, 3)) * 64) / 64
    kind = np.where(random.random(4000) < 0.2, random.integers(0, 3, 4000), many.argmax(1))
    write_csv("guesses.csv", ["a", "b", "c", "kind"], [list(row) + ["xyz"[k]] for row, k in zip(many, kind)])
    # A text column of as many categories as vectors are learnt for.
    towns = random.choice([f"town {letter}" for letter in "abcdefghijkl"] + [""], count)
    write_csv("towns.csv", ["a", "town", "b", "price"], [[f[0], t, f[1], p] for f, t, p in zip(fields, towns, price)])
    return count


def raw_inputs(session, table):
    with open(os.path.join(DIRECTORY, table), newline="") as file:
        header, *rows = list(csv.reader(file))
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64}

    def number(text):
        return float("nan") if text in ("", "NA", "?", "null") else float(text)

    inputs = session.get_inputs()
    if len(inputs) == 1 and inputs[0].name == "input":
        features = inputs[0].shape[1]
        return {"input": np.array([[number(t) for t in row[:features]] for row in rows], types[inputs[0].type])}
    feed = {}
    for value in inputs:
        column = [row[header.index(value.name)] for row in rows]
        if value.type == "tensor(string)":
            feed[value.name] = np.array([[text] for text in column], object)
        else:
            feed[value.name] = np.array([[number(text)] for text in column], types[value.type])
    return feed


def note(group, name, difference):
    print(f"  {name:44} {difference:.1e}")
    if not difference <= TOLERANCE:
        sys.exit(f"{name}: the difference is beyond {TOLERANCE}")
    if difference > worst.get(group, (0, ""))[0]:
        worst[group] = (difference, name)
    worst.setdefault(group, (difference, name))


def difference(found, expected):
    return float(np.max(np.abs(found - expected)) / max(1, np.max(np.abs(expected))))


def predictions(model, data):
    """The numbers, and the names before them."""
    with_probabilities = "classification" in run("inspect", model)
    rows = list(csv.reader(run("predict", model, data, *["--probabilities"] * with_probabilities).splitlines()))[1:]
    if not with_probabilities:
        return None, np.array(rows, float)
    names = 1
    while True:
        try:
            numbers = np.array([row[names:] for row in rows], float)
            if numbers.min() >= 0 and numbers.max() <= 1:
                return [row[:names] for row in rows], numbers
        except ValueError:
            pass
        names += 1


def check_export(table, *options):
    epochs = [] if "--epochs" in options else ["--epochs", "3"]
    run("train", table, "-o", "m.perceptron", *epochs, "--quiet", "--no-baseline", *options)
    run("export", "m.perceptron", "m.onnx")
    path = os.path.join(DIRECTORY, "m.onnx")
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = session.run(None, raw_inputs(session, table))
    labels, expected = predictions("m.perceptron", table)
    if labels is not None:
        found = [[name] if isinstance(name, str) else list(name) for name in outputs[0]]
        if table == "labels.csv":
            expected, labels = label_answers(expected, outputs[0])
        agree = np.array([a == b for a, b in zip(found, labels)])
        # Where two classes are level, rounding decides.
        margin = np.sort(expected, 1)
        close = margin[:, -1] - margin[:, -2] < 1e-5 if expected.shape[1] > 1 else np.zeros(len(agree), bool)
        assert np.all(agree | close), f"{table} {options}: the labels differ"
    # Values are compared without their mean, beside which they may be small.
    centre = expected.mean(0) if labels is None else 0
    found = outputs[-1]
    if [output.name for output in session.get_outputs()[-2:]] == ["lower", "upper"]:
        # predict writes the answers, then the two bounds of each target.
        bounds = np.stack(outputs[1:], 2)
        found = np.concatenate([outputs[0], bounds.reshape(len(bounds), -1)], 1)
    note("export", " ".join((table,) + options), difference(found - centre, expected - centre))


def label_answers(expected, found):
    """Of labels.csv, whose second label is called 0 and 1."""
    expected = expected[:, -2:]
    names = [["yes" if p[0] >= 0.5 else "no", "1" if p[1] >= 0.5 else "0"] for p in expected]
    return expected, names


def check_exports():
    print("exported")
    for activation in ACTIVATIONS:
        for precision in ("float", "double"):
            check_export("classes.csv", "--hidden", "8,8", "--activation", activation, "--precision", precision)
    for scale in ("standard", "minmax", "robust", "smooth-clip", "quantile", "none"):
        for precision in ("float", "double"):
            check_export("values.csv", "--hidden", "8", "--scale", scale, "--precision", precision)
    check_export("texts.csv", "--scale", "quantile")
    for scale in ("standard", "minmax", "robust", "smooth-clip", "quantile"):
        check_export("far.csv", "--hidden", "8", "--scale", scale)
    for precision in ("float", "double"):
        for normalization in ("batch", "layer", "rms"):
            check_export(
                "classes.csv", "--hidden", "8,8", "--normalization", normalization, "--dropout", "0.2",
                "--precision", precision)
        check_export("texts.csv", "--precision", precision)
        check_export("labels.csv", "--target", "tall,old", "--precision", precision)
        check_export("two.csv", "--target", "price,size", "--precision", precision)
        check_export("classes.csv", "--ensemble", "3", "--precision", precision)
        check_export("values.csv", "--ensemble", "3", "--normalization", "batch", "--precision", precision)
        for table in ("values.csv", "classes.csv"):  # networks of different layers and weights
            check_export(table, "--auto", "--trials", "6", "--ensemble", "2", *SPLIT, "--precision", precision)
    for precision in ("float", "double"):
        for encoding in ("quantile-bins", "tree-bins"):
            check_export("classes.csv", "--hidden", "8,8", "--encode", encoding, "--precision", precision)
            check_export("texts.csv", "--hidden", "8", "--encode", encoding, "--bins", "7", "--ensemble", "2", "--precision", precision)
            check_export("values.csv", "--hidden", "", "--encode", encoding, "--precision", precision)
    for precision in ("float", "double"):
        for encoding in ("none", "waves", "quantile-bins"):
            check_export("towns.csv", "--hidden", "8", "--encode", encoding, "--embed-categories", "3", "--precision", precision)
        assert "embedding" in run("inspect", "m.perceptron"), "there is no embedding"
        check_export("classes.csv", "--hidden", "8,8", "--average", "0.99", "--precision", precision)
    for precision in ("float", "double"):  # random networks, whose answers are far apart
        check_export(
            "two.csv", "--target", "price,size", "--clip-outputs", "yes", "--recipe", "plain", "--init", "normal", "--hidden", "8,8", "--precision", precision)
    check_export("values.csv", "--quantiles", "0.1,0.9", "--clip-outputs", "yes", "--recipe", "plain", "--init", "normal")
    for precision in ("float", "double"):
        for networks in ("1", "2"):
            check_export(
                "guesses.csv", "--ensemble", networks, "--recipe", "plain", "--validation-split", "0.5", "--epochs",
                "40", "--precision", precision)
            assert "uniform share" in run("inspect", "m.perceptron"), "there is no uniform share"
    check_export("values.csv", "--output", "tanh", "--loss", "huber")
    check_export("values.csv", "--hidden", "")
    for precision in ("float", "double"):
        for loss in ("poisson", "tweedie:1.5"):
            check_export("counts.csv", "--loss", loss, "--precision", precision)
        check_export("counts.csv", "--loss", "poisson", "--ensemble", "2", "--interval", "0.9", *SPLIT, "--precision", precision)
        check_export("values.csv", "--quantiles", "0.05,0.5,0.95", "--precision", precision)
        for level in ("0.9", "0.5"):  # conformalized, and around the median
            check_export(
                "values.csv", "--quantiles", "0.05,0.5,0.95", "--ensemble", "2", "--interval", level, *SPLIT,
                "--precision", precision)
        check_export(
            "two.csv", "--target", "price,size", "--quantiles", "0.2,0.8", "--interval", "0.6", *SPLIT, "--precision", precision)
        check_export("two.csv", "--target", "price,size", "--interval", "0.9", "--clip-outputs", "yes", *SPLIT, "--precision", precision)
    # Quantiles of noisy data are too far apart for others, so that the margin is negative.
    check_export(
        "noisy.csv", "--quantiles", "0.05,0.95", "--interval", "0.9", "--validation", "values.csv", "--epochs", "200")
    assert "+ " in run("inspect", "m.perceptron").split("price 0.05 ")[1][:2], "the margin is not negative"
    check_export("far.csv", "--quantiles", "0.1,0.5,0.9", "--interval", "0.8", *SPLIT)


def check_import(name, inputs):
    """Imports DIRECTORY/name and compares the answers for inputs, samples first, with ONNX Runtime's."""
    path = os.path.join(DIRECTORY, name)
    onnx.checker.check_model(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0]
    inputs = inputs.astype(np.float64 if feed.type == "tensor(double)" else np.float32)
    outputs = session.run(None, {feed.name: inputs})
    run("import", name, "-o", "i.perceptron")
    compare_answers(name, inputs, outputs[-1], outputs[0] if len(outputs) > 1 else None)


def compare_answers(name, inputs, expected, labels=None):
    """Compares the answers of i.perceptron for inputs with those of a graph, and its labels if there are any."""
    if isinstance(expected, list):  # a list of maps, from ZipMap
        expected = np.array([list(row.values()) for row in expected])
    if expected.ndim == 1:
        expected = expected[:, None]
    if "logarithms" in name:
        expected = np.exp(expected)
    data = "x.npy"
    if "images" in run("inspect", "i.perceptron"):
        data = "idx:x.idx"
        pixels = np.round(inputs.reshape(len(inputs), *inputs.shape[-2:]) * 255).astype(np.uint8)
        with open(os.path.join(DIRECTORY, "x.idx"), "wb") as file:
            file.write(bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">i4").tobytes() + pixels.tobytes())
    else:
        np.save(os.path.join(DIRECTORY, data), inputs.astype(np.float32))
    options = ["--probabilities"] if "classification" in run("inspect", "i.perceptron") else []
    rows = list(csv.reader(run("predict", "i.perceptron", data, *options).splitlines()))[1:]
    found = np.array([row[-expected.shape[1]:] for row in rows], float)
    note("import", name, difference(found, expected))
    if labels is not None and options:
        names = [[str(text) for text in np.atleast_1d(row)] for row in labels]
        assert names == [row[: len(names[0])] for row in rows], f"{name}: the labels differ"


def check_torch():
    try:
        import torch
        from torch import nn
    except ImportError:
        print("PyTorch is not installed")
        return
    torch.manual_seed(0)

    class Exponential(nn.Module):
        def forward(self, x):
            return torch.exp(x)

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    activations = dict(
        relu=nn.ReLU, leaky=nn.LeakyReLU, elu=nn.ELU, selu=nn.SELU, gelu=nn.GELU, silu=nn.SiLU, mish=nn.Mish, hardswish=nn.Hardswish,
        softplus=nn.Softplus, exponential=Exponential, tanh=nn.Tanh, sigmoid=nn.Sigmoid, softsign=nn.Softsign,
        leaky02=lambda: nn.LeakyReLU(0.2), elu05=lambda: nn.ELU(0.5), celu2=lambda: nn.CELU(2.0), prelu=nn.PReLU, relu6=nn.ReLU6,
        hardtanh=nn.Hardtanh, hardsigmoid=nn.Hardsigmoid, gelutanh=lambda: nn.GELU("tanh"))
    networks = {}
    for name, activation in activations.items():
        networks[name] = nn.Sequential(nn.Linear(5, 8), activation(), nn.Linear(8, 6), activation(), nn.Linear(6, 3))
    networks["classes"] = nn.Sequential(
        nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 6, bias=False), nn.LayerNorm(6),
        nn.GELU(), nn.Linear(6, 3), nn.Softmax(1))
    networks["norm first"] = nn.Sequential(
        nn.BatchNorm1d(5), nn.Linear(5, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 2), nn.Sigmoid())
    networks["epsilon"] = nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8, eps=1e-3), nn.SiLU(), nn.Linear(8, 2))
    networks["two activations"] = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Tanh(), nn.BatchNorm1d(8))
    networks["slopes"] = nn.Sequential(nn.Linear(5, 8), nn.PReLU(8), nn.Linear(8, 2), nn.PReLU(2))
    networks["logarithms"] = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3), nn.LogSoftmax(1))
    networks["image"] = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(-1))

    class View(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1))

        def forward(self, x):
            return self.layers(x.view(x.size(0), -1) * 0.5 - 1)

    networks["image by view"] = View()
    for name, network in networks.items():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d):
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
                nn.init.normal_(module.running_mean)
                nn.init.uniform_(module.running_var, 0.5, 2)
        network.eval()
        x = torch.randint(0, 256, (40, 1, 3, 4)) / 255 if "image" in name else torch.randn(40, 5)
        for module in network.modules():
            if isinstance(module, nn.PReLU):
                nn.init.uniform_(module.weight, -0.5, 1.5)
        for dynamo in (False, True):
            file = f"torch {name}{' dynamo' if dynamo else ''}.onnx".replace(" ", "-")
            options = (
                dict(dynamo=True, external_data=name != "classes", dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False)
                if dynamo else dict(dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}}))
            with open(os.devnull, "w") as null:
                stdout, sys.stdout = sys.stdout, null
                try:
                    torch.onnx.export(network, (x,), os.path.join(DIRECTORY, file), **options)
                finally:
                    sys.stdout = stdout
            check_import(file, x.numpy())


def check_keras():
    os.environ["KERAS_BACKEND"] = "torch"
    try:
        import keras
        from keras import layers
    except ImportError:
        print("Keras is not installed")
        return
    keras.utils.set_random_seed(0)
    for activation in ("relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "sigmoid", "softsign", "mish"):
        model = keras.Sequential([
            keras.Input((5,)), layers.Dense(8, activation=activation), layers.BatchNormalization(),
            layers.Dropout(0.2), layers.Dense(6, activation=activation), layers.Dense(3, activation="softmax")])
        model(np.zeros((1, 5), np.float32))
        for weight in model.weights:
            if "moving" in weight.path or "beta" in weight.path:
                weight.assign(np.random.default_rng(1).uniform(0.5, 1.5, weight.shape))
        file = f"keras-{activation}.onnx"
        model.export(os.path.join(DIRECTORY, file), format="onnx", verbose=False)
        check_import(file, np.random.default_rng(0).normal(size=(1, 5)))


def check_sklearn():
    """Pipelines of scikit-learn as skl2onnx writes them, in single and double precision."""
    try:
        from skl2onnx import to_onnx
        from sklearn import datasets, impute, neural_network, pipeline, preprocessing
    except ImportError:
        print("skl2onnx is not installed")
        return
    warnings.simplefilter("ignore")
    iris = datasets.load_iris()
    x, kind = iris.data, iris.target
    several = np.stack([kind == 1, x[:, 0] > 5.8], 1).astype(int)
    targets = {
        "names": (iris.target_names[kind], True), "integers": (kind + 7, True), "two names": (np.where(kind == 0, "no", "yes"), True),
        "two integers": ((kind == 0).astype(int), True), "several": (several, True), "value": (x[:, 0] * 3 - x[:, 1], False)}
    # Several values are left out: skl2onnx reshapes them to one column, so that a sample has several rows.
    scalers = dict(
        none=None, standard=preprocessing.StandardScaler(), minmax=preprocessing.MinMaxScaler(), robust=preprocessing.RobustScaler(),
        maxabs=preprocessing.MaxAbsScaler(), imputed=pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()))
    random = np.random.default_rng(0)
    for target, (y, is_class) in targets.items():
        for scaler, first in scalers.items():
            if target not in ("names", "value") and scaler not in ("none", "standard"):
                continue
            activation = ("relu", "tanh", "logistic", "identity")[len(target + scaler) % 4]
            network = (neural_network.MLPClassifier if is_class else neural_network.MLPRegressor)(
                hidden_layer_sizes=(8, 6), activation=activation, max_iter=60, random_state=0)
            model = pipeline.make_pipeline(*[part for part in (first, network) if part is not None]).fit(x, y)
            for dtype in (np.float32, np.float64):
                for zipmap in (None,) if not is_class else (False,) if target == "several" else (True, False):
                    name = f"sklearn-{target}-{scaler}-{np.dtype(dtype).name}-{zipmap}.onnx".replace(" ", "-")
                    options = {} if zipmap is None else {"options": {id(model): {"zipmap": zipmap}}}
                    graph = to_onnx(model, x[:1].astype(dtype), **options)
                    with open(os.path.join(DIRECTORY, name), "wb") as file:
                        file.write(graph.SerializeToString())
                    inputs = x[random.permutation(len(x))[:40]].astype(dtype)
                    if scaler == "imputed":
                        inputs[::5, 2] = np.nan
                    try:
                        session = onnxruntime.InferenceSession(os.path.join(DIRECTORY, name), providers=["CPUExecutionProvider"])
                        outputs = session.run(None, {session.get_inputs()[0].name: inputs})
                    except Exception as error:
                        # Such as ZipMap in double precision, and skl2onnx's graph of two classes after a scaler.
                        print(f"  {name:44} ONNX Runtime cannot run it: {str(error)[-60:]}")
                        continue
                    run("import", name, "-o", "i.perceptron")
                    if target == "several":  # 1 - p and p
                        outputs[-1] = outputs[-1][:, y.shape[1]:]
                    compare_answers(name, inputs, outputs[-1], outputs[0] if is_class else None)


def check_operators():
    """The operators of ONNX's own tests that a perceptron may have, after a layer: each is right or refused."""
    try:
        from onnx.backend.test.case.node import collect_testcases
    except ImportError:
        print("ONNX's node tests are not installed")
        return
    wanted = {
        "Relu", "LeakyRelu", "PRelu", "Elu", "Celu", "Selu", "Gelu", "Sigmoid", "Tanh", "Exp", "Softplus", "Softsign", "Mish", "Swish", "HardSwish",
        "HardSigmoid", "ThresholdedRelu", "Clip", "Softmax", "LogSoftmax", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Max", "Min", "Flatten", "Reshape",
        "Squeeze", "Identity", "Cast", "Dropout", "LayerNormalization", "RMSNormalization", "BatchNormalization", "Pow", "Sqrt", "Erf", "Hardmax"}
    random = np.random.default_rng(0)
    right = refused = 0
    wrong = []
    for test in collect_testcases(None):
        model = test.model
        version = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
        if len(model.graph.node) != 1 or model.graph.node[0].op_type not in wanted or version < 7:
            continue
        node = model.graph.node[0]
        if node.op_type == "Cast" and node.attribute[0].i in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
            continue  # the import keeps all digits
        given = dict(zip([value.name for value in model.graph.input], test.data_sets[0][0]))
        constants = [
            numpy_helper.from_array(np.asarray(given[name]), name) for name in node.input[1:] if isinstance(given.get(name), (np.ndarray, np.generic))]
        for rows in (4, None):
            weights = numpy_helper.from_array(random.normal(size=(3, 5)).astype(np.float32), "the weights")
            layer = helper.make_node("MatMul", ["the input", "the weights"], [node.input[0]])
            outputs = [onnx.ValueInfoProto(name=node.output[0])]
            graph = helper.make_graph(
                [layer, node], "operator", [helper.make_tensor_value_info("the input", TensorProto.FLOAT, [rows, 3])], outputs, [weights, *constants])
            whole = helper.make_model(graph, opset_imports=model.opset_import, ir_version=min(model.ir_version, 13))
            file = os.path.join(DIRECTORY, "operator.onnx")
            onnx.save(whole, file)
            inputs = random.normal(size=(4, 3)).astype(np.float32)
            try:
                session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
                expected = session.run(None, {"the input": inputs})[0]
            except Exception:
                continue  # it does not fit the layer
            result = subprocess.run([PERCEPTRON, "import", "operator.onnx", "-o", "i.perceptron"], capture_output=True, text=True, cwd=DIRECTORY)
            if result.returncode:
                assert result.returncode == 65 and result.stderr.startswith("error: operator.onnx: "), f"{test.name}: {result.stderr}"
                refused += 1
                continue
            if node.op_type == "LogSoftmax":
                expected = np.exp(expected)
            np.save(os.path.join(DIRECTORY, "x.npy"), inputs)
            options = ["--probabilities"] if "classification" in run("inspect", "i.perceptron") else []
            found = [row[-np.atleast_2d(expected).shape[-1]:] for row in list(csv.reader(run("predict", "i.perceptron", "x.npy", *options).splitlines()))[1:]]
            if expected.shape != np.shape(found) or not difference(np.array(found, float), expected) <= TOLERANCE:
                wrong.append(test.name)
            right += 1
    print(f"  ONNX's operators after a layer: {right - len(wrong)} right, {refused} refused, {len(wrong)} wrong")
    if wrong:
        sys.exit(f"wrong: {', '.join(wrong)}")


def check_tf2onnx():
    """A graph as tf2onnx writes that of a Keras model: MatMul and Add by weights named after TensorFlow's operations, batch normalisation folded."""
    random = np.random.default_rng(0)

    def tensor(name, *shape):
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)

    prefix = "StatefulPartitionedCall/sequential/"
    names = [prefix + name for name in ("dense/MatMul", "dense/BiasAdd", "bn/mul", "bn/add", "dense_1/MatMul", "dense_1/BiasAdd")]
    shapes = [(5, 8), (8,), (8,), (8,), (8, 3), (3,)]
    weights = [tensor(name + "/ReadVariableOp:0", *shape) for name, shape in zip(names, shapes)]
    nodes, value = [], "input_1"
    for name, weight, operation in zip(names, weights, ["MatMul", "Add", "Mul", "Add", "MatMul", "Add"]):
        nodes.append(helper.make_node(operation, [value, weight.name], [name + ":0"], name))
        value = name + ":0"
        if name.endswith("dense/BiasAdd"):
            nodes.append(helper.make_node("Relu", [value], ["relu:0"], "relu"))
            value = "relu:0"
    nodes.append(helper.make_node("Softmax", [value], ["output"], "softmax"))
    graph = helper.make_graph(
        nodes, "tf2onnx", [helper.make_tensor_value_info("input_1", TensorProto.FLOAT, ["unk__6", 5])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["unk__7", 3])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, os.path.join(DIRECTORY, "tf2onnx.onnx"))
    check_import("tf2onnx.onnx", random.normal(size=(40, 5)))


def check_our_own():
    for options in (["--normalization", "batch"], ["--normalization", "layer", "--activation", "mish"], ["--normalization", "rms"], ["--precision", "double", "--activation", "tanh"]):
        for table in ("classes.csv", "values.csv"):
            run("train", table, "-o", "m.perceptron", "--recipe", "plain", "--epochs", "3", "--quiet", "--no-baseline", "--hidden", "8,8", *options)
            run("export", "m.perceptron", "own.onnx")
            session = onnxruntime.InferenceSession(os.path.join(DIRECTORY, "own.onnx"))
            check_import("own.onnx", raw_inputs(session, table)["input"])


make_tables()
check_exports()
print("imported")
check_torch()
check_keras()
check_sklearn()
check_operators()
check_tf2onnx()
check_our_own()
for group, (value, name) in worst.items():
    print(f"{group}: at most {value:.1e}, of {name}")
