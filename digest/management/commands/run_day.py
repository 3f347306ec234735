from typing import Any

from digest.management.base import SummaryCommand, show, track
from digest.ops import pipeline
from digest.ops.pipeline import Summary


class Command(SummaryCommand):
    help = "Fetch, publish and send one day now, regardless of readers' hours. No one gets it twice."

    mails = True

    def run(self, options: dict[str, Any]) -> Summary:
        day = self.day(options)
        steps = {"fetch": pipeline.fetch([day], track=track), "publish": pipeline.publish(day)}
        if steps["publish"].data["published"]:
            steps["send"] = pipeline.send(day, show=show)
        return Summary(
            line=" ".join(step.line for step in steps.values()),
            data={"day": str(day), **{name: step.data for name, step in steps.items()}},
            ok=all(step.ok for step in steps.values()),
        )
