"""What the demo publishes: a dozen micro-credentials in three stacks, and two pay policies.

Titles and topics follow subjects that public programs name (docs/sources.md#demo); the rubrics,
effort, tiers and amounts are assumptions made for this sample, and the printed tables say so.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample micro-credential: the parts in which the dozen differ."""

    key: str
    title: str
    tier: str  # foundation, practice or leadership
    hours: tuple[int, int]
    focus_area: str
    evidence: tuple[str, ...]
    reference: str


# fmt: off - a table reads better as a table
CREDENTIALS = (
    Sample(
        "wait-time",
        "Wait time",
        "foundation",
        (4, 6),
        "checking-for-understanding",
        ("classroom_video", "teacher_reflection"),
        "Rowe (1986), Wait time: slowing down may be a way of speeding up",
    ),
    Sample(
        "checking",
        "Checking for understanding",
        "foundation",
        (6, 10),
        "checking-for-understanding",
        ("lesson_plan", "student_work"),
        "Black and Wiliam (1998), Inside the black box",
    ),
    Sample(
        "feedback",
        "Feedback that moves learning on",
        "practice",
        (8, 12),
        "checking-for-understanding",
        ("student_work", "teacher_reflection"),
        "Hattie and Timperley (2007), The power of feedback",
    ),
    Sample(
        "self-assessment",
        "Learners assess their own work",
        "practice",
        (8, 12),
        "checking-for-understanding",
        ("student_work", "lesson_plan"),
        "Andrade (2019), A critical review of research on student self-assessment",
    ),
    Sample(
        "makerspace",
        "Running a makerspace",
        "practice",
        (12, 18),
        "deeper-learning",
        ("project", "classroom_image"),
        "Martin (2015), The promise of the maker movement for education",
    ),
    Sample(
        "project-design",
        "Designing projects worth doing",
        "practice",
        (10, 15),
        "deeper-learning",
        ("project", "lesson_plan"),
        "Condliffe and others (2017), Project-based learning: a literature review",
    ),
    Sample(
        "motivation",
        "Learner motivation",
        "foundation",
        (6, 10),
        "learner-motivation",
        ("lesson_plan", "teacher_reflection"),
        "Ryan and Deci (2000), Self-determination theory",
    ),
    Sample(
        "global",
        "Global graduates",
        "foundation",
        (6, 10),
        "global-graduates",
        ("lesson_plan", "student_work"),
        "Boix Mansilla and Jackson (2011), Educating for global competence",
    ),
    Sample(
        "data-literacy",
        "Data literacy for teaching",
        "foundation",
        (6, 10),
        "data-literacy",
        ("classroom_text", "teacher_reflection"),
        "Mandinach and Gummer (2016), What does it mean for teachers to be data literate",
    ),
    Sample(
        "executive",
        "Supporting executive functioning",
        "practice",
        (8, 12),
        "executive-functioning",
        ("lesson_plan", "observation"),
        "Diamond (2013), Executive functions",
    ),
    Sample(
        "coaching",
        "Coaching a colleague",
        "leadership",
        (12, 20),
        "teacher-leadership",
        ("observation", "teacher_reflection"),
        "Kraft, Blazar and Hogan (2018), The effect of teacher coaching",
    ),
    Sample(
        "capstone",
        "Leading inquiry in a school",
        "leadership",
        (15, 25),
        "teacher-leadership",
        ("project", "teacher_reflection"),
        "York-Barr and Duke (2004), What do we know about teacher leadership",
    ),
)
# fmt: on

STACKS: tuple[dict[str, Any], ...] = (
    {
        "key": "understanding",
        "title": "Seeing what learners understand",
        "all": ("wait-time", "checking", "feedback", "self-assessment"),
        "choose": None,
        "capstone": None,
    },
    {
        "key": "deeper",
        "title": "Deeper learning",
        "all": ("makerspace",),
        "choose": (2, ("project-design", "motivation", "global")),
        "capstone": None,
    },
    {
        "key": "leading",
        "title": "Leading with evidence",
        "all": ("data-literacy", "executive", "coaching"),
        "choose": None,
        "capstone": "capstone",
    },
)

TIERS_CENTS = {"foundation": 20_000, "practice": 40_000, "leadership": 60_000}
STIPEND_CENTS = 30_000
STIPEND_BUDGET_CENTS = 60_000


def definition(sample: Sample) -> dict[str, Any]:
    """The whole definition of a sample, as the API takes it."""
    levels = [
        {"level": "beginning", "points": 0, "description": "Not seen in the evidence."},
        {"level": "developing", "points": 1, "description": "Seen in part of the evidence."},
        {"level": "demonstrated", "points": 2, "description": "Seen clearly and with effect."},
    ]
    criteria = ("plan", "practice", "effect", "reflection")
    return {
        "title": sample.title,
        "summary": f"The teacher shows {sample.title.lower()} in her own classroom.",
        "competencies": [f"{sample.title}: planned, carried out and judged by its effect."],
        "key_method": {
            "description": "Plan it, do it with your learners, and look at what changed.",
            "references": [sample.reference],
        },
        "evidence": [{"kind": kind, "count": 1} for kind in sample.evidence],
        "rubric": [
            {"criterion": name, "title": name.capitalize(), "levels": levels, "passing_points": 2}
            for name in criteria
        ],
        "effort_hours_min": sample.hours[0],
        "effort_hours_max": sample.hours[1],
        "tier": sample.tier,
        "focus_areas": [sample.focus_area],
        "audiences": ["teacher"],
        "valid_months": 60,
    }
