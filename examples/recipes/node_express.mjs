import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { createRequire } from 'node:module';

const sdk = new NodeSDK({ instrumentations: [getNodeAutoInstrumentations()] }); // reads the OTEL_ variables
sdk.start(); // before anything that it is to instrument is loaded

const express = createRequire(import.meta.url)('express');
const app = express();
app.get('/weather/:city', (request, response) => response.send(`22 degrees in ${request.params.city}`));
const server = app.listen(0, '127.0.0.1', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/weather/Paris`);
  console.log(await answer.text());
  server.close();
  await sdk.shutdown();
});
