"""An HTTP service of an ONNX graph with ONNX Runtime on one thread: by FastAPI, as its documentation shows, or by Starlette with orjson.

    python http_peer.py fastapi|starlette PORT GRAPH"""

import sys

import numpy
import onnxruntime
import uvicorn

kind, port, graph = sys.argv[1], int(sys.argv[2]), sys.argv[3]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
TYPES = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(string)": object}
columns = [(value.name, TYPES[value.type]) for value in session.get_inputs()]


def answer(record: dict) -> dict:
    label, probabilities = session.run(None, {name: numpy.array([[record[name]]], dtype) for name, dtype in columns})
    shares = probabilities[0].tolist()
    return {"prediction": str(label[0]), "probability": max(shares), "probabilities": {str(index): share for index, share in enumerate(shares)}}


if kind == "fastapi":
    from fastapi import FastAPI
    from pydantic import create_model

    Record = create_model("Record", **{name: (str if dtype is object else float, ...) for name, dtype in columns})
    app = FastAPI()

    @app.post("/predict")
    async def predict(record: Record):
        return answer(record.model_dump())
else:
    import orjson
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def predict(request):
        return Response(orjson.dumps(answer(orjson.loads(await request.body()))), media_type="application/json")

    app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])

uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
