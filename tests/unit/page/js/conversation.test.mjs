import assert from "node:assert/strict";
import { test } from "node:test";
import { conversation } from "../../../../otel_bridge/page/static/lib/conversation/index.js";
import { isShown, media } from "../../../../otel_bridge/page/static/lib/conversation/media.js";

const said = (call) => conversation(call)?.messages.map((one) => [one.role, one.parts.map((part) => part.text ?? part.value ?? part.args ?? part.kind)]);
const PNG = "iVBORw0KGgo=";

test("an answer of OpenAI's SDK follows what was asked", () => {
  const inputs = { model: "m", messages: [{ role: "developer", content: "terse" }, { role: "user", content: [{ type: "text", text: "hi" }] }] };
  const output = { choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hello", tool_calls: [{ id: "1", function: { name: "f", arguments: '{"a":1}' } }] } }] };
  assert.deepEqual(said({ inputs, output }), [["system", ["terse"]], ["user", ["hi"]], ["assistant", ["hello", { a: 1 }]]]);
});

test("Anthropic's system text comes first and its tool results are the tool's", () => {
  const inputs = { model: "m", system: "terse", messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "sunny" }] }] }] };
  const output = { role: "assistant", content: [{ type: "thinking", thinking: "hm" }, { type: "text", text: "It is sunny" }], stop_reason: "end_turn" };
  assert.deepEqual(said({ inputs, output }), [["system", ["terse"]], ["tool", ["sunny"]], ["assistant", ["hm", "It is sunny"]]]);
});

test("items of OpenAI's Responses stand in their order", () => {
  const inputs = { model: "m", instructions: "terse", input: "weather?" };
  const output = { output: [{ type: "reasoning", summary: [{ type: "summary_text", text: "look" }] }, { type: "function_call", call_id: "1", name: "w", arguments: "{}" }, { type: "message", role: "assistant", content: [{ type: "output_text", text: "sunny" }] }] };
  assert.deepEqual(said({ inputs, output }), [["system", ["terse"]], ["user", ["weather?"]], ["assistant", ["look"]], ["assistant", [{}]], ["assistant", ["sunny"]]]);
});

test("a graph that answers with its whole state does not say everything twice", () => {
  const first = { type: "human", content: "hi" };
  assert.deepEqual(said({ inputs: { messages: [first] }, output: { messages: [first, { type: "ai", content: "hello" }] } }), [["user", ["hi"]], ["assistant", ["hello"]]]);
});

test("plain text in and out of a model is a conversation, of anything else it is none", () => {
  const call = { inputs: { "input.value": "hi" }, output: { "output.value": "hello" } };
  assert.deepEqual(said({ ...call, attributes: { kind: "llm" } }), [["user", ["hi"]], ["assistant", ["hello"]]]);
  assert.equal(conversation({ ...call, attributes: { kind: "chain" } }), null);
  assert.equal(conversation({ inputs: {}, output: null }), null);
});

test("what the sender left out is known to be left out", () => {
  const call = { inputs: { "gen_ai.input.messages": [{ role: "user", parts: [] }] }, output: null };
  assert.equal(conversation(call).recorded, false);
});

test("a tool's answer bears the name of the tool that was asked", () => {
  const inputs = [{ role: "assistant", tool_calls: [{ id: "1", function: { name: "weather", arguments: "{}" } }] }, { role: "tool", tool_call_id: "1", content: "sunny" }];
  assert.equal(conversation({ inputs: { messages: inputs }, output: null }).messages[1].parts[0].name, "weather");
});

test("images are found as each maker writes them", () => {
  const written = [
    { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
    { type: "image_url", image_url: `data:image/png;base64,${PNG}` },
    { type: "input_image", image_url: `data:image/png;base64,${PNG}` },
    { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
    { inline_data: { mime_type: "image/png", data: PNG } },
    { type: "image", image: { image: { url: `data:image/png;base64,${PNG}` } } },
    { type: "image", image: PNG, mediaType: "image/png" },
    { type: "blob", modality: "image", mime_type: "image/png", content: PNG },
    { image: { format: "png", source: { bytes: PNG } } },
    { type: "image", image: PNG },
  ];
  for (const part of written) assert.equal(media(part).src, `data:image/png;base64,${PNG}`, JSON.stringify(part));
});

test("only data that cannot run is shown", () => {
  assert.ok(isShown({ kind: "image", src: `data:image/png;base64,${PNG}` }));
  for (const src of ["javascript:alert(1)", "https://elsewhere.example/x.png", "data:text/html,<script>", "data:image/svg+xml;base64,PHN2Zz4=", null]) {
    assert.ok(!isShown({ kind: "image", src }), src);
  }
});

test("no value breaks the reading", () => {
  let deep = "x";
  for (let depth = 0; depth < 5000; depth += 1) deep = { content: deep };
  for (const value of [null, 0, "", [], {}, [[]], [null], { messages: null }, { messages: [1] }, { messages: [{ role: {} }] }, deep]) {
    assert.doesNotThrow(() => conversation({ inputs: value, output: value, attributes: { kind: "llm", system_instructions: value } }));
  }
});
