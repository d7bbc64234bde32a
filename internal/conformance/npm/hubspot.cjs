// What an application does with @hubspot/api-client, against the account at the
// address in the environment: sign in with a code, describe, upsert, read and
// search, and see one record of several fail. It prints what it got as one JSON
// object.
'use strict';

const { Client } = require('@hubspot/api-client');

async function main() {
  const { LOGIN_URL, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, CODE, EXTERNAL_ID } = process.env;
  const client = new Client({ basePath: LOGIN_URL });
  const tokens = await client.oauth.tokensApi.create('authorization_code', CODE, REDIRECT_URI, CLIENT_ID, CLIENT_SECRET);
  client.setAccessToken(tokens.accessToken);
  const grant = await client.oauth.accessTokensApi.get(tokens.accessToken);

  const made = await client.crm.properties.coreApi.create('contacts', {
    name: EXTERNAL_ID, label: 'External id', type: 'string', fieldType: 'text', groupName: 'contactinformation', hasUniqueValue: true,
  });
  const properties = await client.crm.properties.coreApi.getAll('contacts');
  const owners = await client.crm.owners.ownersApi.getPage();
  const pipelines = await client.crm.pipelines.pipelinesApi.getAll('deals');

  const contacts = client.crm.contacts;
  const inputs = [1, 2, 3].map((n) => ({
    id: `js.${n}`, idProperty: EXTERNAL_ID, objectWriteTraceId: String(n),
    properties: { [EXTERNAL_ID]: `js.${n}`, email: `js${n}@example.com`, lastname: `Person ${n}` },
  }));
  const created = await contacts.batchApi.upsert({ inputs });
  const updated = await contacts.batchApi.upsert({ inputs });
  const failed = await contacts.batchApi.create({
    inputs: [
      { objectWriteTraceId: 'taken', properties: { email: 'js1@example.com' } },
      { objectWriteTraceId: 'fine', properties: { email: 'js4@example.com' } },
    ],
  });
  const read = await contacts.batchApi.read({
    inputs: [{ id: 'js.1' }, { id: 'js.none' }], idProperty: EXTERNAL_ID, properties: ['email'], propertiesWithHistory: [],
  });
  const page = await contacts.basicApi.getPage(2, undefined, ['email']);
  const found = await contacts.searchApi.doSearch({
    filterGroups: [{ filters: [{ propertyName: 'lastname', operator: 'EQ', value: 'Person 2' }] }], properties: ['email'], limit: 10,
  });
  let refused;
  try {
    await contacts.basicApi.create({ properties: { email: 'js1@example.com' } });
  } catch (err) {
    refused = { status: err.code, category: err.body && err.body.category };
  }
  const renewed = await client.oauth.tokensApi.create('refresh_token', undefined, undefined, CLIENT_ID, CLIENT_SECRET, tokens.refreshToken);
  client.setAccessToken(renewed.accessToken);
  await contacts.batchApi.archive({ inputs: created.results.map((r) => ({ id: r.id })) });

  const brief = (r) => ({ id: r.id, new: r._new, email: r.properties.email, traced: r.objectWriteTraceId });
  return {
    hub: grant.hubId, property: made.name, properties: properties.results.map((p) => p.name), owners: owners.results.length,
    pipelines: pipelines.results.map((p) => p.id), created: created.results.map(brief), updated: updated.results.map(brief),
    failed: { status: failed.status, errors: failed.errors, results: failed.results.map(brief), count: failed.numErrors },
    read: { results: read.results.map(brief), errors: read.errors }, page: { size: page.results.length, after: page.paging && page.paging.next.after },
    found: found.results.map(brief), total: found.total, refused, lifetime: renewed.expiresIn,
  };
}

main().then((result) => console.log(JSON.stringify(result)), (err) => { console.error(err); process.exit(1); });
