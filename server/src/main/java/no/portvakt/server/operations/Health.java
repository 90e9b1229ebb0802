package no.portvakt.server.operations;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;

/** Whether the process lives, and whether it can do its work. */
public final class Health {
  private final Map<String, BooleanSupplier> checks;
  private volatile boolean stopping;

  /**
   * @param checks what must hold for the platform to be ready, by name
   */
  public Health(Map<String, BooleanSupplier> checks) {
    this.checks = new LinkedHashMap<>(checks);
  }

  /** 200 as long as the process answers at all. */
  public Answer live(Request request) {
    return Answer.json(200, Map.of("status", "UP")).with("Cache-Control", "no-store");
  }

  /** 200 when every check holds, else 503 with the names of those that do not. */
  public Answer ready(Request request) {
    Map<String, Object> parts = new LinkedHashMap<>();
    boolean all = !stopping;
    for (Map.Entry<String, BooleanSupplier> check : checks.entrySet()) {
      boolean holds = check.getValue().getAsBoolean();
      parts.put(check.getKey(), holds ? "UP" : "DOWN");
      all &= holds;
    }
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("status", all ? "UP" : stopping ? "STOPPING" : "DOWN");
    body.put("checks", parts);
    return Answer.json(all ? 200 : 503, body).with("Cache-Control", "no-store");
  }

  /** From now on the platform is not ready: a load balancer should send nothing more. */
  public void stopping() {
    stopping = true;
  }
}
