// The job with @hubspot/api-client: all batches are handed over at once, its
// limiter holds the calls back, and calls that are refused for the limit or
// answered 5xx are repeated. The limiter is that of its documentation; with
// CALLS_IN_10S it is set to that limit of the account.
// https://github.com/HubSpot/hubspot-api-nodejs#rate-limiting
'use strict';

const { Client, DEFAULT_LIMITER_OPTIONS } = require('@hubspot/api-client');
const { version } = require('@hubspot/api-client/package.json');
const { batches, run } = require('./job.cjs');

const { ADDRESS, TOKEN, EXTERNAL_ID, CALLS_IN_10S } = process.env;

// tuned spreads the calls evenly, a little below the limit: a call that is refused
// waits 10 s before it is repeated. Seen to be slower, since calls were refused: the
// limit itself, each window's calls at once, and no bound on the calls under way.
const tuned = { minTime: 10_000 / (0.97 * Number(CALLS_IN_10S)), maxConcurrent: 10 };

run(`@hubspot/api-client ${version}`, async (contacts) => {
  const client = new Client({
    basePath: ADDRESS, accessToken: TOKEN, numberOfApiCallRetries: 3, limiterOptions: CALLS_IN_10S ? tuned : DEFAULT_LIMITER_OPTIONS,
  });
  const upsert = (batch) => client.crm.contacts.batchApi.upsert({
    inputs: batch.map((properties) => ({
      id: properties[EXTERNAL_ID], idProperty: EXTERNAL_ID, objectWriteTraceId: properties[EXTERNAL_ID], properties,
    })),
  });
  const answers = await Promise.all(batches(contacts, 100).map(upsert));
  const landed = answers.flatMap((answer) => answer.results).length;
  return { landed, failed: contacts.length - landed };
});
