package no.portvakt.server.http;

import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Problem details (RFC 9457): what a caller is told when no protocol has its own form of error. No
 * cache may keep one: it tells of one decision.
 */
public final class Problem {
  /** The media type of RFC 9457 §3. */
  public static final String MEDIA_TYPE = "application/problem+json";

  private static final Map<Integer, String> TITLES =
      Map.ofEntries(
          Map.entry(400, "Bad Request"),
          Map.entry(401, "Unauthorized"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(409, "Conflict"),
          Map.entry(410, "Gone"),
          Map.entry(413, "Content Too Large"),
          Map.entry(414, "URI Too Long"),
          Map.entry(415, "Unsupported Media Type"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(501, "Not Implemented"),
          Map.entry(503, "Service Unavailable"),
          Map.entry(505, "HTTP Version Not Supported"));

  private Problem() {}

  /** A problem without a page of its own: its title is the status' phrase (RFC 9457 §4.2.1). */
  public static Answer of(int status, String detail) {
    return of(status, "about:blank", TITLES.getOrDefault(status, "Error"), detail, Map.of());
  }

  /**
   * A problem.
   *
   * @param type a URI that names the kind of problem
   * @param detail one sentence for the caller; echoes nothing that the caller sent
   * @param more further members
   */
  public static Answer of(
      int status, String type, String title, String detail, Map<String, ?> more) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("type", type);
    members.put("title", title);
    members.put("status", status);
    members.put("detail", detail);
    if (RequestContext.CURRENT.isBound()) {
      members.put("decision_id", RequestContext.current().id());
    }
    members.putAll(more);
    return Answer.of(status, MEDIA_TYPE, Json.write(members)).noStore();
  }

  /** 400 with further members that say more to a program. */
  public static Answer badRequest(String detail, Map<String, ?> more) {
    return of(400, "about:blank", TITLES.getOrDefault(400, ""), detail, more);
  }

  /**
   * Something of ours, or that we depend on, does not work: the caller did nothing wrong and may
   * come back.
   */
  public static Answer unavailable() {
    return of(503, "A part that this request needs is not available; try again later.")
        .retryLater();
  }
}
