"""Holding all contestants to AVX2 on a processor that has more."""

import os

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from processor import AVX2, flags
from session import ContestError

METHOD = """**All contestants are held to AVX2**, by the environment variables that the libraries read: the Swift program by `PERCEPTRON_INSTRUCTIONS`, all that calls OpenBLAS
(the Swift program, NumPy, scikit-learn, MLX) by `OPENBLAS_CORETYPE`, NumPy's own loops by `NPY_DISABLE_CPU_FEATURES`, PyTorch by `ATEN_CPU_CAPABILITY`, `MKL_ENABLE_INSTRUCTIONS`
and `ONEDNN_MAX_CPU_ISA`, `torch.compile` also by `TORCHINDUCTOR_CPP_MARCH`, JAX by `XLA_FLAGS` and `ONEDNN_MAX_CPU_ISA`. JAX's products come from oneDNN, because YNNPACK, its default,
takes no notice of that limit. MLX's own loops use no vectors longer than SSE's. **Not held**: ONNX Runtime, for which no such setting is known (predictions only), and the C library's copying of memory."""


def hold_to_avx2() -> None:
    """Sets the environment of all processes that this one starts."""
    if not AVX2 <= flags():
        raise ContestError("the processor has no AVX2")
    above = [feature for feature in __cpu_dispatch__ if feature.startswith("AVX512") and __cpu_features__[feature]]  # NumPy complains about others
    xla = "--xla_cpu_max_isa=AVX2 --xla_cpu_experimental_ynn_fusion_type="  # without YNNPACK
    os.environ |= {
        "PERCEPTRON_INSTRUCTIONS": "avx2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": " ".join(above),
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "TORCHINDUCTOR_CPP_MARCH": "haswell",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {xla}".strip(),
    }
