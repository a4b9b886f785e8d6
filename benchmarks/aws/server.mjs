/**
 * As much of AWS as a round reads: groups of Auto Scaling, numbers of CloudWatch. Every answer comes late by the time
 * that it is told to add, as it does over a network. A process of its own, so that it is not timed with its callers.
 *
 * Its parent sends `{ latencyMs, groups }`, and `"count"` for the calls since then by action.
 */
import { createServer } from "node:http";

let latencyMs = 0;
let groups = 0;
let calls = {};

const nameOf = (i) => `group-${String(i).padStart(4, "0")}`;
/** The number of a metric of a group: the same for both ways to ask. */
const numberOf = (group, metric) => (Number(group.slice(-4)) * 7 + metric.length) % 97;
const dimensionsOf = (list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));

function groupXml(name) {
  const instances = [0, 1].map(
    (n) =>
      `<member><InstanceId>i-${name}-${n}</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus><ProtectedFromScaleIn>false</ProtectedFromScaleIn></member>`,
  );
  return `<member><AutoScalingGroupName>${name}</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>20</MaxSize><DesiredCapacity>2</DesiredCapacity><DefaultCooldown>300</DefaultCooldown><AvailabilityZones><member>eu-west-1a</member></AvailabilityZones><LoadBalancerNames/><TargetGroupARNs/><HealthCheckType>EC2</HealthCheckType><HealthCheckGracePeriod>0</HealthCheckGracePeriod><Instances>${instances.join("")}</Instances><CreatedTime>2026-01-01T00:00:00Z</CreatedTime><SuspendedProcesses/><Tags/><TerminationPolicies><member>Default</member></TerminationPolicies></member>`;
}

function describeGroups(form) {
  const asked = [...form].filter(([key]) => /GroupNames/.test(key)).map(([, name]) => name);
  const names = asked.length > 0 ? asked : Array.from({ length: Math.min(groups, 100) }, (_, i) => nameOf(i));
  return `<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult><AutoScalingGroups>${names.map(groupXml).join("")}</AutoScalingGroups></DescribeAutoScalingGroupsResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeAutoScalingGroupsResponse>`;
}

/** A data point a minute, as GetMetricData tells them: the newest first, as far as they were asked for. */
function metricData({ MetricDataQueries, StartTime, EndTime }) {
  const first = Math.ceil(StartTime / 60) * 60;
  const times = [];
  for (let time = first; time < EndTime; time += 60) times.unshift(time);
  return {
    MetricDataResults: MetricDataQueries.map(({ Id, MetricStat: { Metric } }) => ({
      Id,
      Label: Metric.MetricName,
      StatusCode: "Complete",
      Timestamps: times,
      Values: times.map(() => numberOf(dimensionsOf(Metric.Dimensions).group, Metric.MetricName)),
    })),
  };
}

function metricStatistics({ MetricName, Dimensions, EndTime }) {
  const Average = numberOf(dimensionsOf(Dimensions).group, MetricName);
  return { Label: MetricName, Datapoints: [{ Timestamp: Math.floor(EndTime / 60) * 60 - 60, Average }] };
}

const JSON_ACTIONS = { GetMetricData: metricData, GetMetricStatistics: metricStatistics };

function answerTo(request, body) {
  const action = request.headers["x-amz-target"]?.split(".")[1];
  if (action === undefined) {
    const form = new URLSearchParams(body);
    return { action: form.get("Action"), type: "text/xml", text: describeGroups(form) };
  }
  const answer = JSON_ACTIONS[action](JSON.parse(body));
  return { action, type: "application/x-amz-json-1.0", text: JSON.stringify(answer) };
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { action, type, text } = answerTo(request, Buffer.concat(chunks).toString());
  calls[action] = (calls[action] ?? 0) + 1;
  setTimeout(() => response.setHeader("content-type", type).end(text), latencyMs);
});

process.on("message", (message) => {
  if (message === "count") process.send({ calls });
  else {
    ({ latencyMs, groups } = message);
    calls = {};
    process.send({ ready: true });
  }
});
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
