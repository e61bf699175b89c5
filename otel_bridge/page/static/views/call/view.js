// A call by its id alone, `#/call/ID`: goes on to the trace it is in.
import { list } from "../../lib/api.js";
import { html, useEffect } from "../../lib/dom.js";
import { useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { go, link } from "../../lib/router.js";
import { Empty, Failure, Waiting } from "../../parts/basics.js";

export default function CallView({ parts: [id = ""], project }) {
  const { data, error, loading, reload } = useLoad(
    async (signal) => {
      const ask = { project_id: project, filter: { call_ids: [id] }, columns: ["trace_id"], limit: 1 };
      return id ? (await list("/calls/stream_query", ask, { signal }))[0] : undefined;
    },
    [project, id],
  );
  useEffect(() => {
    if (data) go(link("trace", [data.trace_id], { call: id }), { replace: true });
  }, [data]);
  useReady(!loading && !data);
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (loading || data) return html`<${Waiting} what="Looking for the call" />`;
  return html`<${Empty} title="This call is not here">
    <p>There is no call <code>${id}</code> in the project <strong><bdi>${project}</bdi></strong>.
      It may have been deleted, be older than what is kept, or belong to another project.</p>
    <p><a href=${link("traces")}>Open the newest traces</a></p>
  <//>`;
}
