// Reads everything of a status page with the client that npm has for Statuspage: `node read_statuspage.cjs URL`.
const { Statuspage } = require("statuspage.io");

const read = async (url) => {
  const client = new Statuspage("own");
  client.setApiUrl(url);
  const { incidents, scheduledMaintenances: maintenances } = client.api;
  console.log(JSON.stringify({
    summary: await client.api.getSummary(),
    status: await client.api.getStatus(),
    components: await client.api.getComponents(),
    incidents: await incidents.getAll(),
    unresolved: await incidents.getUnresolved(),
    maintenances: await maintenances.getAll(),
    upcoming: await maintenances.getUpcoming(),
  }));
};

read(process.argv[2]);
