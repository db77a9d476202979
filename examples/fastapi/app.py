"""A FastAPI app in front of Weir: typed in, typed out, and a stream that ends with its reader."""
import os
from typing import AsyncIterator

import anyio
import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Extra, Field

WEIR = os.environ.get("WEIR_URL", "http://127.0.0.1:8080")
KEY = os.environ["WEIR_API_KEY"]
app = FastAPI(title="Questions")


class Question(BaseModel, extra=Extra.forbid):
    text: str = Field(..., min_length=1, max_length=4000)
    temperature: float = Field(0.7, ge=0, le=2)


class Answer(BaseModel):
    text: str
    tokens: int


def some(headers: httpx.Headers, *names: str) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


async def ask(question: Question, request: Request, stream: bool) -> tuple[httpx.AsyncClient, httpx.Response]:
    # A model may think for long before its first word: how long is Weir's business.
    timeout = httpx.Timeout(10, read=600)
    weir = httpx.AsyncClient(base_url=WEIR, timeout=timeout, headers={"Authorization": f"Bearer {KEY}"})
    messages = [{"role": "user", "content": question.text}]
    body = {"model": "chat", "messages": messages, "temperature": question.temperature, "stream": stream}
    trace = some(request.headers, "traceparent")  # one id for a call through every service
    try:
        sent = weir.build_request("POST", "/v1/chat/completions", json=body, headers=trace)
        response = await weir.send(sent, stream=stream)
    except httpx.TransportError as error:
        raise HTTPException(503, f"Weir cannot be reached: {error}", {"retry-after": "2"}) from error
    if response.status_code == 200:
        return weir, response
    await response.aread()
    await weir.aclose()
    # Our own wrong key or model is no fault of our caller's.
    status = 502 if response.status_code in (401, 404) else response.status_code
    passed = some(response.headers, "x-request-id", "retry-after")
    raise HTTPException(status, response.json()["error"]["message"], passed)


@app.post("/answers", response_model=Answer)
async def answer(question: Question, request: Request, reply: Response) -> Answer:
    weir, response = await ask(question, request, stream=False)
    await weir.aclose()
    reply.headers.update(some(response.headers, "x-request-id"))
    said = response.json()
    return Answer(text=said["choices"][0]["message"]["content"], tokens=said["usage"]["total_tokens"])


@app.post("/answers/stream")
async def stream(question: Question, request: Request) -> StreamingResponse:
    weir, response = await ask(question, request, stream=True)
    headers = some(response.headers, "x-request-id", "cache-control", "x-accel-buffering")
    return StreamingResponse(relay(weir, response), media_type="text/event-stream", headers=headers)


async def relay(weir: httpx.AsyncClient, response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        # A reader who left has this task cancelled: the shield lets the connection close all the same.
        with anyio.CancelScope(shield=True):
            await weir.aclose()
