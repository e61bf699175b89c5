import weave
from openai import OpenAI
from weave.conversation import Message, Usage

weave.init("local/default", settings={"implicitly_patch_integrations": False})

question = [{"role": "user", "content": "What is the weather in Paris?"}]
conversation = weave.start_conversation(agent_name="weather agent")
with conversation.start_turn(user_message=question[0]["content"]) as turn:
    with turn.start_llm(model="gpt-5-mini", provider_name="openai") as llm:
        answer = OpenAI().chat.completions.create(model="gpt-5-mini", messages=question)
        said, usage = answer.choices[0].message.content, answer.usage
        output = [Message(role="assistant", content=said)]
        llm.record(
            input_messages=[Message(**question[0])],
            output_messages=output,
            usage=Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens),
        )
    turn.record(output_messages=output)
conversation.end()
print(said)
weave.finish()
