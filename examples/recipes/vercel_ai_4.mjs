import { createOpenAI } from '@ai-sdk/openai';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { generateText, tool } from 'ai';
import { z } from 'zod';

const sdk = new NodeSDK(); // reads the OTEL_ variables
sdk.start();

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const getWeather = tool({
  description: 'The weather of a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `22 degrees in ${city}`,
});
const answer = await generateText({
  model: openai.chat('gpt-4o-mini'),
  prompt: 'What is the weather in Paris?',
  tools: { getWeather },
  maxSteps: 2,
  experimental_telemetry: { isEnabled: true, functionId: 'answer question' },
});
console.log(answer.text);
await sdk.shutdown();
