"""llama.cpp as it comes, as a process of its own: what `tongshi evaluate serving` compares with. Not used by the running system."""

from __future__ import annotations

import sys
import threading


def main(model: str, port: str, threads: str, context: str, parallel: str, adapter: str = "") -> None:
    """Serve a model file until the process is ended, with llama.cpp's own settings apart from these sizes."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter)]
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.n_ctx = int(context)
    params.n_parallel = int(parallel)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
