import Foundation
import Testing

private let classes = table(rows: 60) { $0 > $1 ? "more" : "less" }

/// A command line, what it must answer, and with which exit code.
struct Mistake: Sendable, CustomTestStringConvertible {
  let line: String
  let status: Int32
  let error: String

  init(_ line: String, _ status: Int32, _ error: String) {
    self.line = line
    self.status = status
    self.error = error
  }

  var testDescription: String { line }
}

private let mistakes = [
  // The command line.
  Mistake("fly", 64, "error: unknown command \"fly\"; perceptron --help lists the commands"),
  Mistake("import n.safetensors --layers linear", 64, "error: -o MODEL is missing"),
  Mistake(
    "import n.safetensors -o x", 64,
    "error: --layers is missing: list the modules in order, for example linear,relu,linear,softmax"),
  Mistake(
    "import none.safetensors -o x --layers linear", 66,
    "error: none.safetensors: cannot be opened: No such file or directory; check the path and the permissions"),
  Mistake(
    "import m -o x --layers linear,dropout:1", 64,
    "error: --layers: expected a number from 0 to below 1 after dropout:, found \"1\""),
  Mistake("export m x.txt", 64, "error: expected a file named .onnx, found \"x.txt\""),
  Mistake(
    "export x.onnx y.onnx", 66,
    "error: x.onnx: cannot be opened: No such file or directory; check the path and the permissions"),
  Mistake("train", 64, "error: DATA is missing"),
  Mistake(
    "train t.csv --recipe plain u.csv", 64,
    "error: unexpected argument u.csv; put a pattern of several files in quotes, such as 'part-*.csv'"),
  Mistake("train t.csv --recipe plain --speed 3", 64, "error: unknown option --speed; --help lists the options"),
  Mistake("train t.csv --recipe plain --epochs", 64, "error: --epochs needs a value"),
  Mistake("train t.csv --recipe plain --epochs 3 --epochs=4", 64, "error: --epochs is given twice"),
  Mistake("train t.csv --recipe plain --json=yes", 64, "error: --json takes no value"),
  Mistake(
    "train t.csv --recipe plain --epochs 0", 64,
    "error: --epochs: expected a whole number from 1 to 1000000, found \"0\""),
  Mistake(
    "train t.csv --recipe plain --learning-rate -1", 64,
    "error: --learning-rate: expected a positive number, found \"-1\""),
  Mistake(
    "train t.csv --recipe plain --hidden 3,,4", 64,
    "error: --hidden: expected whole numbers from 1 to 1000000, found \"3,,4\""),
  Mistake(
    "train t.csv --recipe plain --activation step", 64,
    """
    error: --activation: expected one of identity, sigmoid, tanh, relu, leaky-relu, elu, selu, gelu, gelu-tanh, silu, \
    mish, hard-swish, softplus, softsign, found "step"
    """),
  Mistake(
    "train t.csv --recipe plain --optimizer lbfgs --dropout 0.5", 64,
    """
    error: --optimizer lbfgs needs a loss that stays the same from step to step; \
    leave out --dropout, --input-dropout and --normalization batch
    """),
  Mistake(
    "train t.csv --recipe plain --early-stopping 3", 64,
    "error: --early-stopping needs --validation, --validation-split or --folds"),
  Mistake(
    "train t.csv --auto --minutes 0", 64, "error: --minutes: expected a positive number, found \"0\""),
  Mistake(
    "train t.csv --shard-data --folds 3", 64,
    "error: --shard-data and --folds exclude each other, as each process holds all rows that are held out"),
  Mistake(
    "train t.csv --recipe plain --shard-data --optimizer rprop", 64,
    "error: --shard-data and --optimizer rprop exclude each other: each step takes all samples"),
  Mistake(
    "train a.npy --labels b.npy --shard-data", 64,
    "error: --shard-data shares the rows of a CSV or TSV file, found a.npy"),
  Mistake(
    "train t.csv --recipe plain --shard-data --report r.html", 64,
    "error: --report with --shard-data needs --test, --validation or --validation-split"),
  Mistake(
    "train t.csv --refit yes --folds 5", 64,
    "error: --refit yes: with --folds, the networks together have learnt from all samples"),
  Mistake(
    "train t.csv --refit yes --recipe plain", 64,
    "error: --refit yes: there are no validation samples to add; leave it out, or give --validation-split"),
  Mistake(
    "train t.csv --refit yes --validation-split 0.2 --schedule plateau", 64,
    "error: --refit yes: --schedule plateau follows the validation loss, and there would be none"),
  Mistake(
    "train t.csv --refit yes --validation t.csv --sample-weight b", 64,
    "error: --refit yes: those of --validation have no --sample-weight; --validation-split takes some of DATA, which"
      + " have"),
  Mistake("train t.csv --refit always", 64, "error: --refit: expected one of yes, no, found \"always\""),
  Mistake("train t.csv --auto --trials 0", 64, "error: --trials: expected a whole number from 1 to 250, found \"0\""),
  Mistake("train t.csv --minutes 3", 64, "error: --minutes needs --auto"),
  Mistake("train t.csv --trials 3", 64, "error: --trials needs --auto"),
  Mistake(
    "train t.csv --auto --trials 2 --minutes 1", 64, "error: --trials and --minutes exclude each other"),
  Mistake(
    "train t.csv --auto --optimizer adam", 64,
    "error: --auto varies the recipe for tables; leave out --optimizer"),
  Mistake(
    "train t.csv --auto --trials 2", 65,
    "error: --auto chooses by validation data, and there are none: 60 samples are too few to divide; give"
      + " --validation"),
  Mistake(
    "train t.csv --recipe plain --validation-split 1", 64,
    "error: --validation-split: expected a number from 0 to below 1, found \"1\""),
  Mistake(
    "train t.csv --recipe plain --validation-split 0.2 --validation t.csv", 64,
    "error: --validation and --validation-split exclude each other"),
  Mistake(
    "train t.csv --recipe plain --class-weights 3", 64,
    "error: --class-weights: expected balanced or NAME=WEIGHT,…, found \"3\""),
  Mistake(
    "train idx:a,b --sample-weight w", 64,
    "error: --sample-weight is for tables; images have one label each"),
  Mistake(
    "train t.csv --recipe plain --hidden= --dropout 0.5", 64,
    "error: --dropout: there is no hidden layer; see --hidden, or use --input-dropout"),
  Mistake(
    "train t.csv --recipe plain --dropout 1", 64, "error: --dropout: expected numbers from 0 to below 1, found \"1\""),
  Mistake(
    "train t.csv --recipe plain --dropout 0.5,", 64,
    "error: --dropout: expected numbers from 0 to below 1, found \"0.5,\""),
  Mistake(
    "train t.csv --recipe plain --dropout 0.5,0.2", 64,
    "error: --dropout: expected one number, or one for each of the 1 hidden layers, found 2"),
  Mistake(
    "train t.csv --recipe plain --loss cross-entropy --output tanh", 64,
    "error: --loss cross-entropy needs --output softmax, found --output tanh"),
  Mistake(
    "train t.csv --recipe plain --decimal x", 64, "error: --decimal: expected one of point, comma, found \"x\""),
  Mistake(
    "train t.csv --recipe plain --thousands x", 64,
    "error: --thousands: expected one of point, comma, space, apostrophe, found \"x\""),
  Mistake(
    "train t.csv --recipe plain --missing"
      + " ,,", 64, "error: --missing: expected names separated by commas, found \",,\""),
  Mistake(
    "train t.csv --recipe plain --not-missing FOO", 64,
    """
    error: --not-missing: "FOO" is not a usual spelling of a missing value, so it is a value anyway; \
    the usual spellings are NA, N/A, null, NaN and others
    """),
  Mistake(
    "train t.csv --recipe plain --ignore y", 65,
    """
    error: t.csv: found the column "y" named twice, as the target, which is the last column unless another is \
    named, and among those to ignore, expected once; \
    correct the names (--target, --sample-weight, --ignore, --only, --id)
    """),
  Mistake(
    "train t.csv --recipe plain --only a,y --target y", 65,
    """
    error: t.csv: found the column "y" named twice, as the target and among the only ones to use, expected once; \
    correct the names (--target, --sample-weight, --ignore, --only, --id)
    """),
  Mistake(
    "train t.csv --recipe plain --only a --ignore a", 65,
    """
    error: t.csv: found the column "a" named twice, among those to ignore and among the only ones to use, \
    expected once; correct the names (--target, --sample-weight, --ignore, --only, --id)
    """),
  Mistake(
    "train t.csv --recipe plain --ignore a,b", 65,
    """
    error: t.csv: found no column to learn from besides the target and those that are left out; \
    leave out fewer (--target, --sample-weight, --ignore, --only, --id)
    """),
  Mistake(
    "predict t.csv m", 65,
    """
    error: t.csv: not a safetensors file: it begins like a text file; \
    give the path of a saved model: perceptron predict MODEL DATA
    """),
  Mistake("train t.csv --recipe plain --header --no-header", 64, "error: --header and --no-header exclude each other"),
  Mistake("train idx:images", 64, "error: expected idx:IMAGES,LABELS: the labels are missing"),
  Mistake("train mnist:", 64, "error: expected mnist:DIRECTORY, found \"mnist:\""),
  // Not built yet.
  Mistake(
    "train t.csv --recipe plain --threads 0", 64,
    "error: --threads: expected a whole number from 1 to 1024, found \"0\""),
  Mistake(
    "train t.csv --recipe plain --threads 1025", 64,
    "error: --threads: expected a whole number from 1 to 1024, found \"1025\""),
  Mistake(
    "train t.csv --recipe plain --optimizer rprop --batch-size 32", 64,
    "error: --batch-size: --optimizer rprop takes all 60 samples in each step, found 32; leave it out"),
  Mistake(
    "train t.csv --recipe plain --optimizer lbfgs --learning-rate 1", 64,
    "error: --learning-rate is for --optimizer sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw or lion,"
      + " found lbfgs"),
  Mistake("train t.csv --recipe plain --l2 -1", 64, "error: --l2: expected 0 or a positive number, found \"-1\""),
  Mistake(
    "train t.csv --recipe plain --clip-norm 0", 64, "error: --clip-norm: expected a positive number, found \"0\""),
  Mistake(
    "train t.csv --recipe plain --optimizer sgd --weight-decay 10", 64,
    "error: a weight decay of 10.0 is too large for a learning rate of 0.1: the product must be below 1; lower"
      + " --weight-decay or --learning-rate"),
  Mistake(
    "train t.csv --learning-rate 60", 64,
    "error: a weight decay of 0.02 is too large for a learning rate of 60.0: the product must be below 1; lower"
      + " --weight-decay or --learning-rate"),
  Mistake(
    "train t.csv --rates scales=1000 --learning-rate 0.06", 64,
    "error: a weight decay of 0.02 is too large for a learning rate of 0.06 with factors up to 1000.0: the product must"
      + " be below 1; lower --weight-decay or --learning-rate"),
  Mistake(
    "train t.csv --recipe table --optimizer lbfgs", 64,
    "error: --recipe table has schedules and a weight decay, which --optimizer lbfgs cannot have; leave one of them out"
  ),
  Mistake(
    "train t.csv --auto --dropout 0.1,0.2,0.3", 64,
    "error: --auto varies the number of hidden layers; give --hidden, too, or one --dropout for all of them"),
  Mistake(
    "train t.csv --validation-split 0.5 --select last --early-stopping 2", 64,
    "error: --early-stopping keeps the best epoch, and --select last another; leave one out"),
  Mistake(
    "train t.csv --validation-split 0 --select error", 64,
    "error: --select error needs --validation, --validation-split or --folds"),
  Mistake(
    "train t.csv --recipe plain --epochs 5 --warmup-epochs 5", 64,
    "error: --warmup-epochs: expected a whole number from 0 to 4, found \"5\""),
  Mistake(
    "train t.csv --recipe plain --schedule one-cycle --warmup-epochs 2", 64,
    "error: --warmup-epochs: --schedule one-cycle warms up by itself; leave one of them out"),
  Mistake(
    "train t.csv --recipe plain --warmup-epochs 1000", 64,
    "error: --warmup-epochs: expected a whole number from 0 to 999, found \"1000\""),
  Mistake(
    "train t.csv --recipe plain --normalization batch --batch-size 1", 64,
    """
    error: --batch-size 1 with --normalization batch: one sample has no variance to normalize by; \
    choose a larger batch size, or --normalization layer
    """),
  Mistake(
    "train t.csv --recipe plain --batch-size 16 --shards 17", 64,
    """
    error: --shards: at most 16 are possible for batches of 16 samples, found 17; choose fewer, or a larger --batch-size
    """),
  Mistake(
    "train t.csv --recipe plain --batch-size 16 --normalization batch --shards 9", 64,
    """
    error: --shards: at most 8 are possible for batches of 16 samples with --normalization batch, found 9; \
    choose fewer, or a larger --batch-size
    """),
  Mistake(
    "train t.csv --recipe plain --batch-size 1000 --shards 500", 64,
    "error: --shards: at most 60 are possible for batches of 60 samples, found 500; choose fewer"),
  Mistake(
    "train t.csv --recipe plain --shards 0", 64,
    "error: --shards: expected a whole number from 1 to 1000000, found \"0\""),
  Mistake(
    "train t.csv --recipe plain --learning-rate 1e-40", 64,
    """
    error: --learning-rate: 1e-40 is too large or too small to compute with in float precision; \
    choose another number, or --precision double
    """),
  Mistake(
    "train t.csv --recipe plain --l2 1e39", 64,
    """
    error: --l2: 1e+39 is too large or too small to compute with in float precision; \
    choose another number, or --precision double
    """),
  Mistake(
    "train t.csv --recipe plain --clip-norm 1e-320 --precision double", 64,
    "error: --clip-norm: 1e-320 is too large or too small to compute with in double precision; choose another number"),
  Mistake(
    "train t.csv --recipe plain --beta2 0.99999999999", 64,
    "error: --beta2: 0.99999999999 is 1 in float precision; choose another number, or --precision double"),
  Mistake(
    "train t.csv --recipe plain --dropout 0.99999999999", 64,
    "error: --dropout: 0.99999999999 is 1 in float precision; choose another number, or --precision double"),
  Mistake(
    "train t.csv --recipe plain --epsilon 1e-39", 64,
    "error: --epsilon: 1e-39 is too large or too small to compute with; choose another number"),
  Mistake(
    "train t.csv --recipe plain --hidden 1\(String(repeating: ",1", count: 999))", 64,
    "error: --hidden: expected at most 999 hidden layers, found 1000"),
  Mistake(
    "train t.csv --recipe plain --momentum 0.5", 64,
    "error: --momentum is for --optimizer momentum or nesterov, found adam"),
  Mistake(
    "train t.csv --recipe plain --beta1 1", 64, "error: --beta1: expected a number from 0 to below 1, found \"1\""),
  // Files.
  Mistake(
    "train none.csv --recipe plain", 66,
    "error: none.csv: cannot be opened: No such file or directory; check the path and the permissions"),
  Mistake(
    "train t.csv --recipe plain -o none/m", 74,
    """
    error: none/m: cannot be written: No such file or directory; \
    choose another path, or free space or permissions there
    """),
  Mistake(
    "evaluate none t.csv", 66,
    "error: none: cannot be opened: No such file or directory; check the path and the permissions"),
  Mistake(
    "evaluate t.csv t.csv", 65,
    """
    error: t.csv: not a safetensors file: it begins like a text file; \
    give the path of a saved model: perceptron evaluate MODEL DATA
    """
  ),
  Mistake(
    "evaluate cut t.csv", 65,
    "error: cut: cut short: the file promises 768 bytes of tensors and holds 757; copy the file again"),
  // Tables.
  Mistake(
    "train missing.csv --recipe plain", 65,
    """
    error: missing.csv, line 3: found 2 fields, expected 3 as in the first row; \
    add or remove fields, or put fields that hold the delimiter in quotes
    """),
  Mistake(
    "train surplus.csv --recipe plain", 65,
    """
    error: surplus.csv, line 2: found 4 fields, expected 3 as in the first row; \
    add or remove fields, or put fields that hold the delimiter in quotes
    """),
  Mistake(
    "evaluate m text.csv", 65,
    """
    error: text.csv, line 3, column "b" (field 2): found "two", expected a number; \
    correct the field, or remove the column or the row
    """),
  Mistake(
    "train t.csv --recipe plain --target a,y", 65,
    """
    error: t.csv: found 23 different values in the target "a", expected two, because several targets are \
    classified; name one target, or make it a regression if all are numbers (--task regression)
    """),
  Mistake(
    "train labels.csv --recipe plain --target p,q --loss cross-entropy", 64,
    """
    error: --loss cross-entropy is for one target; \
    for several use --output sigmoid with --loss binary-cross-entropy, mse or quadratic
    """),
  Mistake("train x.npy --recipe plain", 64, "error: --labels is missing: x.npy needs a .npy file of labels"),
  Mistake(
    "train t.csv --recipe plain --test"
      + " x.npy", 64, "error: --test-labels is missing: x.npy needs a .npy file of labels"),
  Mistake("train t.csv --recipe plain --test-labels x.npy", 64, "error: --test-labels needs --test"),
  Mistake(
    "train x.npz --recipe plain", 65,
    """
    error: x.npz: found the arrays "x_train", expected labels called "y_train", or --labels NAME to choose another \
    array; write it with numpy.savez(FILE, X=…, y=…)
    """),
  Mistake("train t.csv --recipe plain --labels x.npy", 64, "error: --labels is for .npy and .npz files, found t.csv"),
  Mistake(
    "train x.npy --recipe plain --labels x.npy --header", 64, "error: --header is for tables; arrays have no header"),
  Mistake(
    "train x.npy --recipe plain --labels x.npy --target 1", 64, "error: --target is for tables; use --labels for arrays"
  ),
  Mistake("predict m x.npy -o x.npy", 64, "error: -o x.npy is the data; name another file"),
  Mistake(
    "train x.npy --recipe plain --labels t.csv", 65,
    """
    error: t.csv: not a .npy file that can be read: it does not begin like a NumPy array; write it with numpy.save
    """),
  Mistake(
    "train t.csv --recipe plain --target a,c", 65,
    "error: t.csv: found no column \"c\", expected one of \"a\", \"b\", \"y\" or a number from 1 to 3; correct the name"
  ),
  Mistake(
    "evaluate m unseen.csv", 65,
    """
    error: unseen.csv, line 2, column "y": found the label "same", expected one of "less", "more"; \
    correct the label, or train with rows of that class
    """),
  Mistake(
    "predict m columns.csv", 65,
    """
    error: columns.csv: found no column "b", which the model was trained with, among "a", "c"; \
    rename or add the column, or check that the file has the header it had in training
    """),
  Mistake(
    "train na.csv --recipe plain", 65,
    """
    error: na.csv, line 3, column "y" (field 2): found "NA", expected a class label; \
    fill in the label or remove the row, or say so if it is a label (--not-missing NA)
    """),
  Mistake(
    "predict m far.csv", 65,
    "error: sample 2: the network's output is not finite; the features are too far from the training data"),
  Mistake(
    "train values.csv --recipe plain --output softmax", 64,
    "error: --output softmax is for classification; use identity, sigmoid or tanh, or --task classification"),
  Mistake(
    "train idx:images,same", 65,
    """
    error: same: found only the class "1" in "label", expected at least two; \
    add rows of another class, or choose another target
    """),
  Mistake(
    "train /dev/zero --recipe plain", 66,
    "error: /dev/zero: cannot be opened: Is a device, which has no end; check the path and the permissions"),
  Mistake("train t.csv --recipe plain -o t.csv", 64, "error: -o t.csv is the data; name another file"),
  Mistake("predict m t.csv -o m", 64, "error: -o m is the model; name another file"),
  Mistake("predict images.m idx:images -o images", 64, "error: -o images is the data; name another file"),
  Mistake(
    "train mnist:. -o train-labels-idx1-ubyte", 64, "error: -o train-labels-idx1-ubyte is the data; name another file"),
  Mistake(
    "train t.csv --recipe plain --augment mirror", 64,
    "error: --augment: expected one of none, affine, elastic, found \"mirror\""),
  Mistake(
    "train t.csv --recipe plain --augment affine", 64, "error: --augment affine is for images with a height and a width"
  ),
  Mistake(
    "train idx:images,labels --augment elastic --scale minmax", 64,
    "error: --augment elastic needs unscaled pixels; leave out --scale minmax"),
  Mistake("train idx:images,labels --no-header", 64, "error: --no-header is for tables; images have no header"),
  Mistake(
    "gradcheck --normalization group", 64,
    "error: --normalization: expected one of none, batch, layer, rms, found \"group\""
  ),
  // Images.
  Mistake(
    "train idx:t.csv,labels", 65,
    """
    error: t.csv: not the kind of IDX file expected here: it begins with 0x612c622c, expected 0x00000802 to 0x00000804 \
    (images in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers); check that each file is in the \
    right place
    """),
  Mistake(
    "train idx:short,labels", 65,
    "error: short: the IDX file is truncated: found 47 bytes, expected 48; copy or download it again"),
  Mistake(
    "train idx:images,fewer", 65,
    "error: fewer: found 7 labels, expected 8, one for each image in images; give two files that belong together"),
  Mistake(
    "evaluate images.m idx:images,high", 65,
    "error: high, label 8: found 2, expected 0 to 1 (2 classes); correct the label or the number of classes"),
  Mistake(
    "evaluate images.m idx:wide,labels", 65,
    """
    error: wide: found images of 4 × 1, expected 2 × 2 as in training; \
    give images of that size, or train a model for these
    """),
  Mistake(
    "evaluate m idx:images,labels", 65,
    "error: images: found images, expected a table with the columns \"a\", \"b\" as in training; give a table"),
  Mistake(
    "evaluate images.m t.csv", 65,
    "error: t.csv: found a table, expected images as in training; give them as idx:IMAGES,LABELS"),
]

@Test("Every mistake gets one clear line and its exit code, and nothing is written", arguments: mistakes)
func mistake(_ mistake: Mistake) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  try workspace.write("a,b,y\n1,2,x\n3,4\n", to: "missing.csv")
  try workspace.write("a,b,y\n1,2,x,9\n3,4,z\n", to: "surplus.csv")
  try workspace.write("a,b,y\n1,2,x\n3,two,z\n", to: "text.csv")
  try workspace.write("a,b,y\n1,2,same\n", to: "unseen.csv")
  try workspace.write("a,c\n1,2\n", to: "columns.csv")
  try workspace.write("a,y\n1,2.5\n3,4.5\n", to: "values.csv")
  try workspace.write("a,b\n1,2\n1e39,-1e39\n", to: "far.csv")
  try workspace.write("a,p,q\n1,0,1\n2,1,0\n3,1,0\n4,0,1\n", to: "labels.csv")
  try workspace.write(
    [0x93] + Array("NUMPY".utf8) + [1, 0, 55, 0]
      + Array("{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}".utf8) + [1, 2, 3, 4], to: "x.npy")
  try workspace.write(idx([8], [1, 1, 1, 1, 1, 1, 1, 1]), to: "same")
  try workspace.write("a,y\n1,2\n3,NA\n4,5\n", to: "na.csv")
  let pixels = [UInt8](repeating: 7, count: 32)
  let labels: [UInt8] = [0, 1, 0, 1, 0, 1, 0, 1]
  try workspace.write(idx([8, 2, 2], pixels), to: "images")
  try workspace.write(idx([8, 4, 1], pixels), to: "wide")
  try workspace.write(Array(idx([8, 2, 2], pixels).dropLast()), to: "short")
  try workspace.write(idx([8], labels), to: "labels")
  try workspace.write(idx([8], labels), to: "train-labels-idx1-ubyte")
  try workspace.write(idx([7], labels.dropLast()), to: "fewer")
  try workspace.write(idx([8], labels.dropLast() + [2]), to: "high")
  #expect(try workspace.run("train t.csv --recipe plain -o m --epochs 1 --hidden 38").status == 0)
  #expect(try workspace.run("train idx:images,labels -o images.m --epochs 1 --hidden 2").status == 0)
  try workspace.write(workspace.read("m").dropLast(11), to: "cut")
  // numpy.savez_compressed("x.npz", x_train=numpy.arange(6, dtype='u1').reshape(3, 2)) of NumPy 2.4.
  let archive =
    """
    UEsDBC0AAAAIAAAAIQAb+n1h//////////8LABQAeF90cmFpbi5ucHkBABAAhgAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqi\
    uo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkaaOgq1CmQDLgZGJmYWVgBQSwECLQMtAAAACAAAACEAG/p9YUwAAACGAAAACwAAAAAAAA\
    AAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwUGAAAAAAEAAQA5AAAAiQAAAAAA
    """
  try workspace.write(Array(Data(base64Encoded: archive)!), to: "x.npz")
  let before = try workspace.files

  let result = try workspace.run(mistake.line)
  #expect(result.error == mistake.error)
  #expect(result.status == mistake.status)
  #expect(result.output.isEmpty)
  #expect(result.errors.contains("\nusage: perceptron ") == (mistake.status == 64))
  #expect(try workspace.files == before)
}

@Test(
  "A training that fails leaves the file that was there as it was",
  arguments: ["--learning-rate 1e30 --optimizer sgd", "--hidden x"])
func failedTraining(option: String) throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 60) { "\($0 - $1).5" }, to: "t.csv")
  try workspace.write("precious", to: "m")
  let result = try workspace.run("train t.csv --recipe plain -o m \(option)")
  #expect(result.status == 64 || result.status == 65)
  #expect(try workspace.read("m") == Array("precious".utf8))
  #expect(try workspace.files == ["m", "t.csv"])
}

@Test("A learning rate that is too large is named with the layer, the epoch and the step")
func divergence() throws {
  let workspace = try Workspace()
  try workspace.write(table(rows: 60) { "\($0 - $1).5" }, to: "t.csv")
  let result = try workspace.run(
    "train t.csv --recipe plain -o m --optimizer sgd --learning-rate 1e30 --batch-size 10 --quiet")
  #expect(result.status == 65)
  #expect(result.error.contains("training diverged in epoch 1, step "))
  #expect(result.error.contains("lower the learning rate (it is 1e+30)"))
  #expect(result.error.hasSuffix("; nothing was written"))
}

@Test("A training that is interrupted leaves the file that was there as it was", arguments: [SIGINT, SIGTERM, SIGKILL])
func interruption(signal: Int32) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  try workspace.write("precious", to: "m")
  let process = try workspace.spawn(
    "train \(workspace.directory.path)/t.csv --recipe plain -o \(workspace.directory.path)/m --epochs 1000000")
  // Training has begun once there is progress.
  let status = try workspace.stop(process, by: signal) { !$0.isEmpty }
  #expect(status & 0x7f == signal)
  #expect(try workspace.read("m") == Array("precious".utf8))
  #expect(try workspace.files == ["m", "progress", "t.csv"])
}

@Test("A BLAS that computes wrongly is refused before anything is trained", arguments: ["sgemm", "dgemm"])
func wrongBLAS(product: String) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  // A library that stands before the system's, and whose products are left undone.
  try workspace.write("void cblas_\(product)(void) {}\n", to: "wrong.c")
  let compiler = Process()
  compiler.executableURL = URL(filePath: "/usr/bin/env")
  compiler.arguments = ["cc", "-shared", "-fPIC", "wrong.c", "-o", "wrong.so"]
  compiler.currentDirectoryURL = workspace.directory
  try compiler.run()
  compiler.waitUntilExit()
  try #require(compiler.terminationStatus == 0, "the C compiler that Swift needs for linking")

  let files = try workspace.files
  let preload = ["LD_PRELOAD": workspace.directory.appending(path: "wrong.so").path]
  let result = try workspace.run("train t.csv --recipe plain -o m --quiet", environment: preload)
  #expect(result.status != 0)
  #expect(
    result.error.hasSuffix(
      "Fatal error: this system's BLAS computes wrong products (\(product) NN); install another OpenBLAS, for example"
        + " libopenblas0-pthread"))
  #expect(try workspace.files == files)
}

@Test("A limit of the address space ends in one line or in the result", arguments: [150_000, 500_000])
func limitedAddressSpace(kilobytes: Int) throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let free = try workspace.run("train t.csv --recipe plain -o m --epochs 2 --quiet --threads 1")
  // `timeout` ends what would go on for ever.
  let limited = try workspace.shell(
    "ulimit -v \(kilobytes) && exec timeout 60 $P train t.csv --recipe plain -o n --epochs 2 --quiet --threads 1")
  if kilobytes < 200_000 {
    #expect(limited.status == 71 && limited.output.isEmpty)
    #expect(limited.error.hasPrefix("error: too little memory: one thread takes "))
    #expect(limited.errors == limited.error + "\n")
  } else {
    #expect(limited.status == 0 && limited.errors == free.errors)
    #expect(limited.output == free.output.replacing("wrote m", with: "wrote n"))
    #expect(try workspace.read("n") == workspace.read("m"))
  }
}

@Test("A network that no memory holds is refused")
func hugeNetwork() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  let result = try workspace.run("train t.csv --recipe plain --hidden 1000000,1000000")
  #expect(result.status == 64)
  #expect(
    result.error.hasPrefix(
      "error: --hidden: the network would have 1000006000002 parameters, and training would take 16000.1 GB, more"))
}

@Test("Output that cannot be written is an error", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
func fullOutput() throws {
  let workspace = try Workspace()
  try workspace.write(classes, to: "t.csv")
  #expect(try workspace.run("train t.csv --recipe plain -o m --epochs 1").status == 0)
  let process = Process()
  process.executableURL = workspace.program
  process.arguments = ["predict", "m", "t.csv"]
  process.currentDirectoryURL = workspace.directory
  process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
  process.standardError = Pipe()
  try process.run()
  process.waitUntilExit()
  #expect(process.terminationStatus == 74)
}
