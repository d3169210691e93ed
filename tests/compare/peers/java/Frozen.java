import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.config.ProgrammaticDriverConfigLoaderBuilder;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.internal.core.specex.ConstantSpeculativeExecutionPolicy;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The Java driver as a contender while a node is frozen: 300 inserts a second, whether or not answers come. */
public final class Frozen {
  private static final int PER_SECOND = 300;
  private static final int KEYS = 20_000;
  private static final String VALUE = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(3).substring(0, 100);

  private final CqlSession session;
  private final PreparedStatement insert;

  private Frozen(CqlSession session) {
    this.session = session;
    this.insert = session.prepare("INSERT INTO compare.items (id, v) VALUES (?, ?)");
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    if (!"frozen".equals(options.get("--shape"))) {
      System.err.println("only the frozen node");
      System.exit(1);
    }
    ProgrammaticDriverConfigLoaderBuilder config =
        DriverConfigLoader.programmaticBuilder()
            .withString(DefaultDriverOption.REQUEST_CONSISTENCY, "LOCAL_QUORUM")
            .withBoolean(DefaultDriverOption.REQUEST_DEFAULT_IDEMPOTENCE, true);
    if ("speculative".equals(options.get("--policy"))) {
      config =
          config
              .withClass(
                  DefaultDriverOption.SPECULATIVE_EXECUTION_POLICY_CLASS, ConstantSpeculativeExecutionPolicy.class)
              .withInt(DefaultDriverOption.SPECULATIVE_EXECUTION_MAX, 3)
              .withDuration(DefaultDriverOption.SPECULATIVE_EXECUTION_DELAY, Duration.ofMillis(100));
    }
    var builder = CqlSession.builder().withLocalDatacenter("dc1").withConfigLoader(config.build());
    for (String point : options.get("--points").split(",")) {
      String[] parts = point.split(":");
      builder = builder.addContactPoint(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])));
    }
    try (CqlSession session = builder.build()) {
      Random chance = new Random(Long.parseUnsignedLong(options.getOrDefault("--seed", "0")));
      Frozen frozen = new Frozen(session);
      // A fresh virtual machine is slow.
      frozen.offer(5, chance);
      System.out.println("offering");
      System.out.flush();
      long began = System.nanoTime();
      long before = cpu();
      Outcomes all = frozen.offer(50, chance);
      System.out.println(all.line((System.nanoTime() - began) / 1e9, (cpu() - before) / 1e3));
    }
  }

  private Outcomes offer(int seconds, Random chance) throws InterruptedException {
    int count = seconds * PER_SECOND;
    Outcomes all = new Outcomes(count);
    CountDownLatch wait = new CountDownLatch(count);
    long started = System.nanoTime();
    for (int number = 0; number < count; number++) {
      long intended = started + number * 1_000_000_000L / PER_SECOND;
      for (long left = intended - System.nanoTime(); left > 0; left = intended - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      int at = number;
      session
          .executeAsync(insert.bind(chance.nextInt(KEYS), VALUE))
          .whenComplete(
              (result, error) -> {
                all.note(at, System.nanoTime() - intended, error);
                wait.countDown();
              });
    }
    wait.await();
    return all;
  }

  /** Nanoseconds. */
  private static long cpu() {
    var system = ManagementFactory.getOperatingSystemMXBean();
    return ((com.sun.management.OperatingSystemMXBean) system).getProcessCpuTime();
  }

  private static final class Outcomes {
    private final long[] took;
    private final AtomicInteger errors = new AtomicInteger();

    Outcomes(int count) {
      took = new long[count];
    }

    void note(int at, long nanos, Throwable error) {
      took[at] = nanos / 1_000;
      if (error != null && errors.incrementAndGet() <= 3) {
        System.err.println("failed after " + nanos / 1_000_000 + " ms: " + error);
      }
    }

    /** `cpu` in microseconds. */
    String line(double wall, double cpu) {
      Arrays.sort(took);
      int done = Math.max(1, took.length - errors.get());
      return String.format(
          java.util.Locale.ROOT,
          "sample: ops_per_s=%.6f p50_us=%d p95_us=%d p99_us=%d p999_us=%d slowest_us=%d cpu_us_per_op=%.6f"
              + " allocs_per_op=- rss_mb=- errors=%d over_100ms=%d over_1s=%d",
          done / wall, at(0.5), at(0.95), at(0.99), at(0.999), at(1), cpu / done, errors.get(), over(100_000), over(1_000_000));
    }

    private long at(double share) {
      return took[Math.max(1, (int) Math.ceil(took.length * share)) - 1];
    }

    private long over(long micros) {
      return Arrays.stream(took).filter(one -> one > micros).count();
    }
  }
}
