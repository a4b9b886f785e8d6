import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/main.js";
import { fakeContext, words } from "./harness.js";

/** Every step of the two boto tutorials, the blog and pyrax, as people type it. */
const LINES = [
  "regions list --region eu-west-1",
  "groups list",
  "groups create my_group --zone us-east-1a --zone us-east-1b --min 4 --max 8 --lb my-lb --launch-name my-launch_config --image my-ami --key-name my_key_name --security-group my_security_groups",
  "groups activities my_group",
  "groups activities my_group --watch",
  "policies create my_group/scale_up --change +1 --cooldown 3m",
  "policies get my_group/scale_up",
  "alarms create scale_up_on_cpu --metric AWS/EC2:CPUUtilization --stat Average --dimension AutoScalingGroupName=my_group --above 70 --period 1m --periods 2 --execute my_group/scale_up",
  "groups instances my_group",
  "groups shutdown my_group --wait",
  "groups delete my_group",
  "launch delete my-launch_config",
  "groups update my_group --lb my-lb",
  "lbs list",
  "lbs list load-balancer-prod",
  "lbs create my-lb --zone us-east-1a --listener 80:8080/http --listener 443:8443/tcp",
  "lbs health-check my-lb --target HTTP:8080/health --interval 20s --healthy 3 --unhealthy 5",
  "lbs health-check my-lb --target HTTP:8080/health --interval 20s --timeout 5s --healthy 3 --unhealthy 5",
  "lbs get my-lb",
  "lbs register my-lb i-4f8cf126 i-0bb7ca62",
  "lbs deregister my-lb i-4f8cf126 i-0bb7ca62",
  "lbs members my-lb",
  "lbs enable-zones my-lb us-east-1c",
  "lbs disable-zones my-lb us-east-1c",
  "groups instances my_group --zone us-east-1a",
  "lbs delete my-lb",
  "groups pause test_auto_scaling_group",
  "groups terminate test_auto_scaling_group i-1 --no-replace",
  "groups update test_auto_scaling_group --min 0 --desired 0",
  "groups resume test_auto_scaling_group",
  "groups attach test_auto_scaling_group i-4acb0666 i-4acbqa9",
  "groups update test_auto_scaling_group --min 1",
  "run --once --dry-run -c my_cluster.yml",
  "run --once -c my_cluster.yml",
  "metrics query http --url http://127.0.0.1:1/stats --select messages_ready",
  "explain my_cluster/worker",
  "groups get g",
  "groups pause g",
  "groups create MyScalingGroup --cooldown 2m --min 2 --max 16 --server-name sg_test --size 3 --image 7f-22 --disk-config AUTO --server-metadata mykey=myvalue --lb 1234:80",
  "groups update g --max 16",
  "groups metadata g --set k=v",
  "groups metadata g --set k=v --replace",
  "groups delete g --force",
  "launch get g",
  "launch patch g --image 7f-23",
  "launch set g --image 7f-23 --size 3",
  "launch metadata g --set k=v",
  "policies list g",
  "policies create g/up --percent 50 --cooldown 3m",
  'policies create g/night --desired 1 --cooldown 0s --cron "0 22 * * *"',
  "policies create g/once --desired 1 --at 2030-01-31T22:00:00Z",
  "policies update g/up --cooldown 60s --change -3",
  "policies execute g/up",
  "policies delete g/up",
  "webhooks list g/up",
  "webhooks create g/up alarm-1 --metadata owner=webteam",
  "webhooks update g/up alarm-1 --name alarm-2",
  "webhooks metadata g/up alarm-1 --set owner=ops",
  "webhooks delete g/up alarm-1",
  "alarms create busy --metric cpu --above 70 --scope instance --execute g/up",
  "alarms disable busy",
  "alarms enable busy",
  "alarms set-state busy --state alarm --reason drill",
  "alarms history busy",
  "launch rollback g 3",
  "launch list",
  "lbs listeners my-lb --listener 443:8443/https --certificate arn:aws:acm:1",
  "policies create my_group/nearly --change +1 --engine native",
  "policies create my_group/fast --percent 50 --min-magnitude 2",
  "policies execute my_group/steps --metric-value 90 --breach-threshold 70",
  "groups pause my_group --process AZRebalance",
  "permissions --for run --prune",
  "import aws my_group --own --to my_group.yaml --region eu-west-1",
  "init --template aws-asg",
];

/** The command that a line reaches, with its options, or the fault of the grammar. */
async function parsed(
  line: string,
): Promise<{ name: string; options: Record<string, unknown>; args: string[] }> {
  const context = fakeContext();
  const program = await createProgram(context);
  let reached = { name: "", options: {}, args: [] as string[] };
  const listen = (command: Command, path: string): void => {
    for (const child of command.commands) {
      const name = `${path} ${child.name()}`.trim();
      if (child.commands.length > 0) listen(child, name);
      else
        child.action(() => {
          reached = { name, options: child.opts(), args: child.args };
        });
    }
  };
  listen(program, "");
  await program.parseAsync(["node", "bellows", ...words(line)]);
  return reached;
}

describe("every step of the seeds", () => {
  it.each(LINES)("bellows %s", async (line) => {
    const { name } = await parsed(line);
    expect(name).not.toBe("");
    expect(line.startsWith(name)).toBe(true);
  });

  it("reads signs, spans, lists and pairs as they are meant", async () => {
    const policy = await parsed("policies create g/up --change -3 --cooldown 3m");
    expect(policy.options).toMatchObject({ change: -3, cooldown: 180_000 });
    const group = await parsed(
      "groups create g --min 0 --max 2 --zone a --zone b --arg --port --arg 1 --env A=b=c",
    );
    expect(group.options).toMatchObject({ zone: ["a", "b"], arg: ["--port", "1"], env: { A: "b=c" } });
    const balancer = await parsed("lbs create l --listener 80:8080/http --listener 443/tcp");
    expect(balancer.options.listener).toEqual([
      { port: 80, instancePort: 8080, protocol: "http" },
      { port: 443, protocol: "tcp" },
    ]);
  });

  it("gives -c one file, and the rest to the command", async () => {
    const plan = await parsed("plan -c shop.yaml web api");
    expect(plan.options.config).toEqual(["shop.yaml"]);
    expect(plan.args).toEqual(["web", "api"]);
  });
});
