# The front door: `make demo` and `make test` install what is missing, build, and do their job. `make help` lists the rest.

SWIFT ?= swift
# The packages that the build needs; pkg-config tells Swift where the libraries are. `perceptron serve` loads libmicrohttpd12 when it starts.
PACKAGES := libopenblas-dev liblapacke-dev zlib1g-dev pkg-config libmicrohttpd12
# What the tests need besides: a downloader for the download's test.
TEST_PACKAGES := curl
# What the peers need: torch.compile calls a C++ compiler.
PEER_PACKAGES := python3-venv g++
# What make static needs besides: gfortran brings the archive of its run-time library, which OpenBLAS calls; binutils reads what is linked.
STATIC_PACKAGES := gfortran binutils
# What make format and make lint need for C.
FORMAT_PACKAGES := clang-format
# A linker that makes a static executable takes archives alone. OpenBLAS's calls the Fortran run-time library. lld, unlike gold, looks for a symbol in
# all archives, whatever their order. -s leaves debugging information out.
STATIC := --scratch-path .build/static --static-swift-stdlib -Xswiftc -static-executable -Xswiftc -use-ld=lld \
  -Xlinker -lgfortran -Xlinker -lquadmath -Xlinker -s
# What make check-arm64 needs besides, unless it runs on arm64: the C library of arm64, and an emulator.
ARM64_PACKAGES := $(if $(filter aarch64,$(shell uname -m)),,libc6-dev-arm64-cross qemu-user)
# The compiler that the Swift toolchain brings; Debian 12's own is too old for the kernels.
CLANG ?= $(dir $(shell command -v $(SWIFT)))clang
PYTHON ?= python3
PEERS := .build/peers
# The libraries that make bench-tables compares with, and options for it: --quick, --only pol,king, --methods perceptron,catboost.
TABLE_PEERS := .build/table-peers
TABLES ?=
# What make test-mpi and make bench-peers need: two launchers with their libraries.
MPI_PACKAGES := openmpi-bin mpich
ONNX := .build/onnx
# Options for the contest of make bench-peers: --quick, --only nielsen30,tab64,serving, --no-growth, --instructions avx2.
CONTEST ?=
MNIST_URL ?= https://ossci-datasets.s3.amazonaws.com/mnist
MNIST_DIRECTORY ?= data/mnist
SOURCES := Package.swift Sources Tests Benchmarks Examples
C_SOURCES := Sources Tests -name '*.[ch]' -o -name '*.inc'
PERCEPTRON := .build/release/perceptron
# For make fuzz: the most inputs and seconds for a target, and the targets, all where none is named.
FUZZ_RUNS ?= 3000000
FUZZ_SECONDS ?= 1800
FUZZ_TARGETS ?=
FUZZER := .build/fuzz/release/PerceptronFuzzer

# The example that is a package of its own; it builds the library once more, for SwiftPM cannot share what it built between two.
SERVICE := --package-path Examples/ScoringService --scratch-path .build/service

.PHONY: help demo test test-long test-races test-cache test-mpi build static tests service-tests service bench bench-peers bench-scaling bench-tables peers check-report check-service check-onnx check-arm64 docs fuzz fuzz-short fuzzer format lint mnist clean dependencies test-dependencies
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: dependencies ## train on hand-written digits, classify some, compare with naive loops
	@$(SWIFT) build -c release --product PerceptronDigits
	@.build/release/PerceptronDigits Examples/digits.csv.gz

test: test-dependencies ## run all tests, in a release build as they will be used, and fuzz the readers of files for a minute
	@$(MAKE) --no-print-directory -j 2 tests service-tests fuzzer
	@$(SWIFT) test -c release
	@Scripts/test-instruction-sets.sh $(SWIFT) $(PERCEPTRON)
	@$(SWIFT) test -c release $(SERVICE)
	@$(MAKE) --no-print-directory fuzz-short

# Much of a build is the work of one processor, so two builds at a time take less than one after the other. A list needs what the tests need;
# `swift build --build-tests` would compile it with other options.
tests: test-dependencies
	@mkdir -p .build
	@$(SWIFT) test list -c release > .build/tests.txt

# A package that depends on this one must build without a warning.
service-tests: dependencies
	@mkdir -p .build
	@$(SWIFT) test list -c release $(SERVICE) > .build/service-tests.txt 2> .build/service-build.log || { cat .build/service-build.log; exit 1; }
	@! grep -h warning: .build/service-tests.txt .build/service-build.log

service: dependencies ## build Examples/ScoringService, a package of its own, into .build/service/release
	@$(SWIFT) build -c release $(SERVICE)

test-long: test-dependencies ## train the benchmarks' networks again and again with 1 to 8 threads, kill and resume a training; half an hour
	@PERCEPTRON_LONG_TESTS=1 $(SWIFT) test -c release --filter LongTests

# Thread Sanitizer does not see that a continuation hands over its value (Swift 6.3.1), and cannot follow a fork.
test-races: test-dependencies ## ask predictors from many tasks a million times while the model is replaced, and the HTTP service, under Thread Sanitizer; 15 minutes
	@PERCEPTRON_LONG_TESTS=1 TSAN_OPTIONS=halt_on_error=1 $(SWIFT) test -c release --sanitize=thread --scratch-path .build/races \
	  --filter "ServingTests|TeamTests|ServeTests|TrainingTests.*vents" --skip "ServeTests.(batches|reload\()|forkedChild"

test-cache: build ## train on a table four times as large as the memory allowed, and compare the models; five minutes, as root
	@Scripts/test-cache.sh $(PERCEPTRON)

test-mpi: build ## train in 1 to 8 processes under Open MPI and MPICH, with errors, signals and kills, and compare the models; ten minutes
	@Scripts/install-packages.sh $(MPI_PACKAGES)
	@Scripts/test-mpi.sh $(PERCEPTRON)

build: dependencies ## build the perceptron command, .build/release/perceptron
	@$(SWIFT) build -c release --product perceptron

static: dependencies ## build a command that needs no library where it runs, .build/static/release/perceptron; say its size and start-up time
	@Scripts/install-packages.sh $(STATIC_PACKAGES)
	@$(SWIFT) build -c release --product perceptron $(STATIC)
	@Scripts/check-static.sh .build/static/release/perceptron .build/static

bench: build ## a training step by this package and by naive loops, and the floor under it
	@$(PERCEPTRON) benchmark

bench-peers: build peers ## the same beside NumPy, PyTorch, JAX, MLX and scikit-learn, and predictions beside ONNX Runtime (an hour and a half, on an idle machine)
	@$(SWIFT) build -c release --product PerceptronStepContestant
	@$(SWIFT) build -c release --product PerceptronServingContestant
	@Scripts/install-packages.sh $(STATIC_PACKAGES) $(MPI_PACKAGES) wrk
	@$(SWIFT) build -c release --product PerceptronServingContestant $(STATIC)
	@$(PEERS)/bin/python Benchmarks/peers/contest.py --perceptron .build/release/PerceptronStepContestant --command $(PERCEPTRON) \
	  --serving .build/release/PerceptronServingContestant --static .build/static/release/PerceptronServingContestant --output Benchmarks/results $(if $(wildcard $(MNIST_DIRECTORY)),--mnist $(MNIST_DIRECTORY)) $(CONTEST)

bench-scaling: build peers ## how a step grows that 2 to 4 machines share, and a model of it up to 64; on network namespaces, as root, 25 minutes (SCALING=--quick: a minute)
	@Scripts/install-packages.sh openmpi-bin iproute2
	@$(PEERS)/bin/python -B Benchmarks/peers/scaling.py --perceptron $(PERCEPTRON) --output Benchmarks/results $(SCALING)

bench-tables: build $(TABLE_PEERS)/installed ## compare the default training with trees and networks of other libraries on tables; hours, resumed if interrupted
	@$(TABLE_PEERS)/bin/python -B Benchmarks/tables/bench.py --perceptron $(PERCEPTRON) $(TABLES)

docs: dependencies ## make the documentation a static site in .build/docs, without a warning
	@Scripts/docs.sh $(SWIFT) .build/docs

check-report: build ## draw the report of a training in Chromium, where it is installed
	@Scripts/check-report.sh $(PERCEPTRON) .build/report

check-service: build ## draw the page of a service in Chromium, where it is installed, and see that it predicts
	@Scripts/check-service.sh $(PERCEPTRON) .build/service-pages

check-onnx: build $(ONNX)/installed ## compare exports and imports with ONNX Runtime, PyTorch and Keras
	@$(ONNX)/bin/python Scripts/check-onnx.py $(PERCEPTRON)

check-arm64: ## check the C kernels here and, under emulation, on arm64, and compare their bits; two to three minutes
	@Scripts/install-packages.sh $(ARM64_PACKAGES)
	@Scripts/check-arm64.sh $(CLANG) .build/arm64

fuzz: fuzzer ## feed the readers of files with millions of damaged ones, in search of a trap; half an hour (FUZZ_RUNS, FUZZ_SECONDS, FUZZ_TARGETS)
	@nice Scripts/fuzz.sh $(FUZZER) .build/fuzzing $(FUZZ_RUNS) $(FUZZ_SECONDS) 1 $(FUZZ_TARGETS)

# On a machine that does other things, too, seconds may pass in which nothing is done: a minute for an input is a hang there.
fuzz-short: fuzzer ## the same for ten seconds a reader
	@Scripts/fuzz.sh $(FUZZER) .build/fuzzing -1 10 60 $(FUZZ_TARGETS)

# The Swift compiler takes the last of several -sanitize alone, and SwiftPM gives it two: without the one with both, no line of Swift would guide the fuzzer.
fuzzer: dependencies
	@mkdir -p .build
	@$(SWIFT) build -c release --product PerceptronFuzzer --scratch-path .build/fuzz --sanitize=fuzzer --sanitize=address \
	  -Xswiftc -sanitize=fuzzer,address -Xswiftc -DFUZZING \
	  > .build/fuzz.log 2>&1 || { tail -n 40 .build/fuzz.log; exit 1; }

format: ## format the sources
	@Scripts/install-packages.sh $(FORMAT_PACKAGES)
	@$(SWIFT) format --in-place --recursive $(SOURCES)
	@find $(C_SOURCES) | xargs clang-format -i

lint: ## check the sources' format
	@Scripts/install-packages.sh $(FORMAT_PACKAGES)
	@$(SWIFT) format lint --strict --recursive $(SOURCES)
	@find $(C_SOURCES) | xargs clang-format --dry-run -Werror
	@Scripts/check-lines.sh $(SOURCES) Documentation *.md
	@echo "lint: clean"

mnist: ## download MNIST into data/mnist and check it
	@Scripts/download-mnist.sh $(MNIST_URL) $(MNIST_DIRECTORY) Scripts/mnist.sha256

clean: ## remove what was built
	@rm -rf .build

# The peers' virtual environment; made anew when a version changes.
peers: $(PEERS)/installed

$(PEERS)/installed: Benchmarks/peers/requirements.txt
	@Scripts/install-packages.sh $(PEER_PACKAGES)
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/pip install --quiet --requirement $<
	@touch $@

# The environment of make check-onnx.
$(TABLE_PEERS)/installed: Benchmarks/tables/requirements.txt
	@Scripts/install-packages.sh $(PEER_PACKAGES)
	@$(PYTHON) -m venv --clear $(TABLE_PEERS)
	@$(TABLE_PEERS)/bin/pip install --quiet --requirement $<
	@touch $@

$(ONNX)/installed: Scripts/check-onnx.txt
	@Scripts/install-packages.sh $(PEER_PACKAGES)
	@$(PYTHON) -m venv --clear $(ONNX)
	@$(ONNX)/bin/pip install --quiet --requirement $<
	@touch $@

dependencies:
	@Scripts/install-packages.sh $(PACKAGES)

test-dependencies:
	@Scripts/install-packages.sh $(PACKAGES) $(TEST_PACKAGES)
