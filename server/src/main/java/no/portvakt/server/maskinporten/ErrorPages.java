package no.portvakt.server.maskinporten;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Problem;
import no.portvakt.server.http.Request;
import org.jspecify.annotations.Nullable;

/**
 * The pages that {@code error_uri} names: what a refusal means and what to do about it, for people
 * as HTML and for programs as JSON. They say nothing of any one grant.
 */
public final class ErrorPages {
  private static final Properties TEXTS = texts();
  private static final Duration MAX_AGE = Duration.ofHours(1);

  private final String issuer;

  /**
   * @param issuer the issuer of this Maskinporten, with its slash
   */
  public ErrorPages(String issuer) {
    this.issuer = issuer;
  }

  /** All refusals. */
  public Answer list(Request request) {
    List<Refusal> all = List.of(Refusal.values());
    return asksForJson(request)
        ? Answer.json(200, Map.of("errors", all.stream().map(this::members).toList()))
            .with("Vary", "Accept")
        : page("Refusals of the token endpoint", all);
  }

  /** The refusal of one code; 404 when there is none. */
  public Answer one(Request request) {
    String code = request.pathParameter("code");
    for (Refusal refusal : Refusal.values()) {
      if (code.equals(refusal.code())) {
        return asksForJson(request)
            ? Answer.json(200, members(refusal)).with("Vary", "Accept")
            : page(code, List.of(refusal));
      }
    }
    return Problem.of(404, "There is no error of this code; " + issuer + "errors lists all.");
  }

  /** What a refusal means. */
  static String meaning(Refusal refusal) {
    return text(refusal, "meaning");
  }

  private static boolean asksForJson(Request request) {
    String accept = String.join(",", request.headers("Accept"));
    return accept.contains("application/json") && !accept.contains("text/html");
  }

  private Map<String, @Nullable Object> members(Refusal refusal) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("code", refusal.code());
    members.put("status", refusal.status());
    members.put("error", refusal.error());
    members.put("description", shown(refusal));
    members.put("meaning", meaning(refusal));
    members.put("remedy", text(refusal, "remedy"));
    members.put("error_uri", refusal.code() == null ? null : uri(refusal));
    return members;
  }

  private Answer page(String title, List<Refusal> refusals) {
    List<String> lines = new ArrayList<>();
    lines.add("<!DOCTYPE html>");
    lines.add("<html lang=\"en\"><head><meta charset=\"utf-8\">");
    lines.add("<title>" + title + " – Maskinporten</title></head><body><h1>" + title + "</h1>");
    for (Refusal refusal : refusals) {
      String code = refusal.code();
      if (refusals.size() > 1 && code != null) {
        lines.add("<h2><a href=\"" + escaped(uri(refusal)) + "\">" + code + "</a></h2>");
      } else if (refusals.size() > 1) {
        lines.add("<h2>Without a code</h2>");
      }
      lines.add("<p><code>" + refusal.status() + " " + refusal.error() + "</code></p>");
      lines.add("<blockquote>" + escaped(shown(refusal)) + "</blockquote>");
      lines.add("<p>" + escaped(meaning(refusal)) + "</p>");
      lines.add("<p>" + escaped(text(refusal, "remedy")) + "</p>");
    }
    lines.add("<p><a href=\"" + escaped(issuer) + "errors\">All errors</a></p></body></html>");
    return Answer.of(200, "text/html; charset=utf-8", String.join("\n", lines) + "\n")
        .with(
            "Content-Security-Policy",
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        .with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "public, max-age=" + MAX_AGE.toSeconds())
        .with("Vary", "Accept");
  }

  private String uri(Refusal refusal) {
    return issuer + "errors/" + refusal.code();
  }

  private static String shown(Refusal refusal) {
    return refusal.text().replace("%s", "…");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }

  private static String text(Refusal refusal, String kind) {
    return Objects.requireNonNull(
        TEXTS.getProperty(refusal.name() + "." + kind), () -> refusal + " has no " + kind);
  }

  private static Properties texts() {
    try (InputStream in =
        Objects.requireNonNull(ErrorPages.class.getResourceAsStream("errors.properties"))) {
      Properties texts = new Properties();
      texts.load(new InputStreamReader(in, StandardCharsets.UTF_8));
      return texts;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
