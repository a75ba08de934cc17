"""What it costs to compare a block with the paper's and to name its mistake, in a warm worker.

The ratio is to a fresh ``import torch``, which every cold check of a submission pays.
"""

import statistics
import subprocess
import sys
import time

import torch

from autograder.checks.families import check_equal
from autograder.checks.promise import Failed
from autograder.checks.subject import Subject
from autograder.course.patching import patched
from autograder.course.settings import find_course
from autograder.course.tasks import task_named
from autograder.diagnose.explain import identify
from autograder.grading.grade_task import ask_student
from autograder.grading.references import Solutions
from autograder.observe.profiles import Profile
from autograder.observe.session import SharedWorkers
from autograder.submission.task_files import TaskFiles

RUNS = 15
BLOCKS = (
    ("resnet", "ResidualBlock", "resnet.residual_block_equals_the_paper"),
    ("resnet", "BottleneckBlock", "resnet.bottleneck_block_equals_the_paper"),
    ("densenet", "DenseLayer", "densenet.dense_layer_equals_the_paper"),
    ("densenet", "DenseBlock", "densenet.dense_block_equals_the_paper"),
    ("vgg", "VGGBlock", "vgg.block_with_batch_norm"),
)


def main() -> None:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    cold = time.perf_counter() - start
    course = find_course(None)
    tasks = tuple(task_named(name) for name in dict.fromkeys(task for task, _, _ in BLOCKS))
    solutions, students = Solutions(course, tasks), SharedWorkers(Profile())
    print(
        f"torch {torch.__version__}, import torch {1000 * cold:.0f} ms, {RUNS} runs for each block"
    )
    for name, symbol, check in BLOCKS:
        task = task_named(name)
        source = course.solution(task).read_text(encoding="utf-8")
        mutants = [
            m for m in course.mutants(task) if m.fails == check and m.message == "equal.output"
        ]
        taken = []
        for run in range(RUNS + 2):
            mutant = mutants[run % len(mutants)]
            text = patched(source, mutant.replace, mutant.by, mutant.id)
            files = TaskFiles(task, {task.file: text.encode()})
            student = ask_student(files, students, Profile(), "cpu")
            references, seed = solutions.answers(task), f"{run:015x}"
            entries = solutions.mistakes(task).entries()
            student.open()
            start = time.perf_counter()
            subject = Subject(task, task.symbol(symbol), student, references, seed)
            try:
                check_equal(subject, subject.symbol.samples, ("eval", "train"))
                raise AssertionError(f"{mutant.id} is not caught")
            except Failed as failed:
                found = identify(subject, entries, {check: failed.message})
            taken.append(time.perf_counter() - start)
            assert {entry.title.id for entry in found.values()} == {mutant.id}
            student.close()
        taken = sorted(1000 * t for t in taken[2:])
        median = statistics.median(taken)
        print(
            f"{symbol:16} median {median:5.0f} ms ({taken[0]:.0f} to {taken[-1]:.0f}), "
            f"{cold * 1000 / median:.0f} times less than import torch"
        )
    solutions.close()
    students.close()


if __name__ == "__main__":
    main()
