"""The Python original as a contender: takes a work as words, prints the line that `compare` reads."""

import argparse
import asyncio
import math
import random
import sys
import time

from async_cassandra import AsyncCluster, StreamConfig
from cassandra import ConsistencyLevel

KEYS = 20_000
VALUE = ("0123456789abcdefghijklmnopqrstuvwxyz" * 3)[:100]
ROWS_PER_PARTITION = 1_000
FROZEN_PER_SECOND = 300
FROZEN_LASTS = 50.0


class Outcomes:
    def __init__(self):
        self.operations = 0
        self.errors = 0
        self.took = []

    async def note(self, began, operation):
        try:
            # Others add while this one waits.
            done = await operation
            self.operations += done
        except Exception as error:
            self.errors += 1
            if self.errors <= 3:
                print(f"failed: {error!r}", file=sys.stderr)
        self.took.append(time.perf_counter() - began)


class Client:
    async def connect(self, points, shape):
        addresses = [point.rsplit(":", 1) for point in points.split(",")]
        # On a busy machine a connection may take more than the 2 s that are the default.
        patience = {"control_connection_timeout": 20.0, "connect_timeout": 20.0}
        self.cluster = AsyncCluster([host for host, _ in addresses], port=int(addresses[0][1]), **patience)
        self.session = await self.cluster.connect()
        self.select = await self.prepare("SELECT id, v FROM compare.items WHERE id = ?")
        self.insert = await self.prepare("INSERT INTO compare.items (id, v) VALUES (?, ?)")
        if shape[0] in ("stream", "drain"):
            _, table, _, page, partitions, _ = shape
            where = " WHERE p = ?" if int(partitions) else ""
            self.rows = await self.prepare(f"SELECT p, c, v FROM compare.{table}{where}")
            self.page = int(page)
            self.rows.fetch_size = self.page

    async def prepare(self, text):
        statement = await self.session.prepare(text)
        statement.consistency_level = ConsistencyLevel.LOCAL_QUORUM
        return statement

    async def read(self, key):
        row = (await self.session.execute(self.select, (key,))).one()
        if row is None or row.id != key or len(row.v) != len(VALUE):
            raise ValueError(f"row {key} came as {row}")
        return 1

    async def write(self, key):
        await self.session.execute(self.insert, (key, VALUE))
        return 1

    async def write_read(self, key):
        return await self.write(key) + await self.read(key)

    async def stream(self, partition, expected):
        values = None if partition is None else (partition,)
        config = StreamConfig(fetch_size=self.page)
        seen = 0
        async with await self.session.execute_stream(self.rows, values, stream_config=config) as rows:
            async for _ in rows:
                seen += 1
        return complete(seen, expected)

    async def drain(self, partition, expected):
        values = None if partition is None else (partition,)
        result = await self.session.execute(self.rows, values)
        return complete(len(result.rows), expected)

    async def close(self):
        await self.session.close()
        await self.cluster.shutdown()


def complete(seen, expected):
    if seen != expected:
        raise ValueError(f"{seen} rows of {expected}")
    return seen


async def callers(client, count, operation, lasts, chance):
    outcomes = Outcomes()
    until = time.perf_counter() + lasts

    async def caller():
        while time.perf_counter() < until:
            key = chance.randrange(KEYS)
            await outcomes.note(time.perf_counter(), getattr(client, operation)(key))

    await asyncio.gather(*(caller() for _ in range(count)))
    return outcomes


async def bursts(client, size, operation, lasts, chance):
    outcomes = Outcomes()
    until = time.perf_counter() + lasts
    while time.perf_counter() < until:
        keys = [chance.randrange(KEYS) for _ in range(size)]
        calls = (outcomes.note(time.perf_counter(), getattr(client, operation)(key)) for key in keys)
        await asyncio.gather(*calls)
    return outcomes


async def rows(client, shape, lasts, times):
    how, _, table_rows, _, partitions, _ = shape
    read = getattr(client, how)
    partitions = int(partitions)
    expected = ROWS_PER_PARTITION if partitions else int(table_rows)
    wanted = list(range(partitions)) or [None]
    outcomes = Outcomes()
    until = time.perf_counter() + lasts
    done = 0
    while done < times or time.perf_counter() < until:
        calls = (outcomes.note(time.perf_counter(), read(one, expected)) for one in wanted)
        await asyncio.gather(*calls)
        done += 1
    return outcomes


async def offer(client, per_second, lasts, chance):
    outcomes = Outcomes()
    started = time.perf_counter()
    tasks = set()
    for number in range(int(per_second * lasts)):
        intended = started + number / per_second
        wait = intended - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(outcomes.note(intended, client.write(chance.randrange(KEYS))))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    return outcomes


async def work(client, shape, lasts, chance):
    """`lasts` is none for what warms up."""
    kind = shape[0]
    seconds = 0.5 if lasts is None else lasts
    if kind == "closed":
        return await callers(client, int(shape[1]), shape[2], seconds, chance)
    if kind == "burst":
        return await bursts(client, int(shape[1]), shape[2], seconds, chance)
    if kind in ("stream", "drain"):
        return await rows(client, shape, lasts or 0, 1 if lasts is None else int(shape[5]))
    if kind == "frozen":
        if lasts is None:
            return await offer(client, FROZEN_PER_SECOND, 1, chance)
        print("offering", flush=True)
        return await offer(client, FROZEN_PER_SECOND, FROZEN_LASTS, chance)
    raise SystemExit(f"no such work: {kind}")


def resident():
    """The most since the mark was put back, in MiB."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return math.nan


def forget_resident():
    try:
        with open("/proc/self/clear_refs", "w") as mark:
            mark.write("5")
    except OSError:
        pass


def line(outcomes, wall, cpu):
    took = sorted(outcomes.took)

    def at(share):
        if not took:
            return math.nan
        return took[max(math.ceil(len(took) * share), 1) - 1] * 1e6

    operations = max(outcomes.operations, 1)
    figures = {
        "ops_per_s": outcomes.operations / wall,
        "p50_us": at(0.5),
        "p95_us": at(0.95),
        "p99_us": at(0.99),
        "p999_us": at(0.999),
        "slowest_us": at(1.0),
        "cpu_us_per_op": cpu * 1e6 / operations,
        "allocs_per_op": math.nan,
        "rss_mb": resident(),
        "errors": outcomes.errors,
        "over_100ms": sum(one > 0.1 for one in took),
        "over_1s": sum(one > 1.0 for one in took),
    }
    fields = (f"{name}={'-' if math.isnan(value) else format(value, '.6f')}" for name, value in figures.items())
    return "sample: " + " ".join(fields)


async def main():
    parser = argparse.ArgumentParser()
    for name in ("points", "shape", "lasts", "warm-up", "seed"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    shape = options.shape.split(":")
    chance = random.Random(int(options.seed))
    client = Client()
    await client.connect(options.points, shape)
    await work(client, shape, None, chance)
    forget_resident()
    began, cpu = time.perf_counter(), time.process_time()
    outcomes = await work(client, shape, float(options.lasts), chance)
    text = line(outcomes, time.perf_counter() - began, time.process_time() - cpu)
    await client.close()
    print(text, flush=True)


asyncio.run(main())
