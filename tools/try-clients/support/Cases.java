package support;

import java.util.List;
import java.util.Map;

/** What the scripts of Java clients share: how a case is tried and its line is written. */
public final class Cases {
    private static final String URL = System.getenv("GW_URL");
    public static final String KEY = System.getenv("GW_KEY");
    /** The base URL that OpenAI's clients are given, and the one that Anthropic's are. */
    public static final String OPENAI = URL + "/v1";
    public static final String ANTHROPIC = URL;
    /** A model of each provider, by the name that a client would write. */
    public static final List<String> MODELS = List.of("gpt-5-mini", "claude-haiku-4-5", "gemini-2.5-flash");
    /** What makes the simulator call a tool, and show afterwards what reached it. */
    public static final String CALL = "[[call:weather {\"city\":\"Riga\"}]] [[seen]]";
    /** Longer than the vendors' clients, and what stands between, wait for a sign of life. */
    public static final String SILENCE = "[[latency:20000]]";
    public static final String PNG =
            "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR4nGM4ISdHEmIY1TCqYfhqAADkYgQQ60fIxgAA"
                    + "AABJRU5ErkJggg==";

    private static final int REASON_LENGTH_MAX = 300;
    private static int failures = 0;

    public interface Work {
        void run() throws Exception;
    }

    private Cases() {}

    /** Tries one case and writes its line: `ok NAME`, or `not ok NAME: why`. */
    public static void tryCase(String name, Work work) {
        Throwable thrown = null;
        try {
            work.run();
        } catch (Exception | AssertionError error) {
            thrown = error;
        }
        synchronized (Cases.class) {
            if (thrown == null) {
                System.out.println("ok " + name);
                return;
            }
            failures++;
            String why = String.valueOf(thrown).replaceAll("\\s+", " ");
            System.out.println("not ok " + name + ": " + why.substring(0, Math.min(why.length(), REASON_LENGTH_MAX)));
        }
    }

    /** Tries cases side by side: each of them waits for long. */
    public static void tryAtOnce(Map<String, Work> cases) throws InterruptedException {
        List<Thread> threads =
                cases.entrySet().stream()
                        .map(entry -> new Thread(() -> tryCase(entry.getKey(), entry.getValue())))
                        .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) thread.join();
    }

    /** Ends the script with what its cases came to, whatever a client left open. */
    public static void endScript() {
        System.exit(failures == 0 ? 0 : 1);
    }

    public static void contains(String text, String part) {
        check(text.contains(part), "'" + part + "' is not in '" + text + "'");
    }

    public static void check(boolean isTrue, Object otherwise) {
        if (!isTrue) throw new AssertionError(otherwise);
    }

    /** The error of a class that the work must end with. */
    public static <E extends Exception> E thrown(Class<E> kind, Work work) throws Exception {
        try {
            work.run();
        } catch (Exception error) {
            if (kind.isInstance(error)) return kind.cast(error);
            throw error;
        }
        throw new AssertionError("no " + kind.getSimpleName());
    }
}
