package no.portvakt.server.administration;

import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Handler;
import no.portvakt.server.http.Parameters;
import no.portvakt.server.http.Request;
import no.portvakt.server.oauth2.BearerToken;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.Field;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.Verification.Refused;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the admin API: the bearer of a token of this very authority with one of the scopes
 * that an operation asks for, acting for the token's consumer, whose own client it is.
 */
final class AdminAccess {
  private static final int MAX_BODY = 64 * 1024;

  /** The scope of the platform's operator, who registers what others decide in reality. */
  static final String OPERATOR = "portvakt:registry.write";

  /** The audience of tokens of the older form that have no other. */
  private static final String EVERYBODY = "unspecified";

  private final TokenVerifier verifier;
  private final ClientTable clients;
  private final Changes changes;
  private final InstantSource clock;

  /**
   * @param verifier believes the local Maskinporten and nobody else
   * @param clients must still have the client that got the token
   * @param changes is told of changes that a caller has no scope for
   */
  AdminAccess(TokenVerifier verifier, ClientTable clients, Changes changes, InstantSource clock) {
    this.verifier = verifier;
    this.clients = clients;
    this.changes = changes;
    this.clock = clock;
  }

  /**
   * Who calls.
   *
   * @param clientId the client that got the token
   * @param organisation the organisation number that the caller acts for
   * @param scopes the scopes of the caller's token
   */
  record Caller(String clientId, String organisation, Scopes scopes) {
    boolean has(String scope) {
      return scopes.contains(scope);
    }
  }

  /**
   * A handler that runs only for callers with one of these scopes.
   *
   * @param change what the operation changes, as the audit calls it; null: nothing
   */
  Handler requiring(
      List<String> scopes, @Nullable String change, BiFunction<Request, Caller, Answer> operation) {
    return request -> {
      BearerToken bearer = BearerToken.of(request);
      if (bearer instanceof BearerToken.Missing missing) {
        return missing.answer();
      }
      RuleTrace trace = new RuleTrace();
      var verification = verifier.verify(((BearerToken.Present) bearer).token(), trace);
      if (verification instanceof Refused refused) {
        return BearerToken.invalid(refused.description());
      }
      Verified token = (Verified) verification;
      if (!isForUs(token)) {
        return BearerToken.invalid("The token is meant for another audience.");
      }
      String clientId = String.valueOf(token.claims().get(ClaimNames.CLIENT_ID));
      ClientRow client = clients.find(clientId);
      if (client == null || !client.active()) {
        return BearerToken.invalid("The token's client is not active any more.");
      }
      Consumer consumer = Consumer.parse(token.claims().get(ClaimNames.CONSUMER));
      if (consumer == null) {
        return BearerToken.invalid("The token has no consumer.");
      }
      Caller caller =
          new Caller(
              clientId,
              consumer.organisation().value(),
              Scopes.parse(token.claims().get(ClaimNames.SCOPE)));
      if (token.claims().containsKey(ClaimNames.SUPPLIER)) {
        Refusal refusal =
            Refusal.forbidden(
                "This is for an organisation's own clients: the token has a supplier.");
        return refused(refusal, caller, change);
      }
      if (scopes.stream().noneMatch(caller::has)) {
        // RFC 6750 §3.1: the scopes that would do are named, so that a caller can ask for them.
        return refused(
                new Refusal(
                    403,
                    "insufficient_scope",
                    "This needs a token with one of the scopes " + String.join(", ", scopes) + "."),
                caller,
                change)
            .with(
                "WWW-Authenticate",
                "Bearer error=\"insufficient_scope\", scope=\"" + String.join(" ", scopes) + "\"");
      }
      return answer(request, caller, change, operation);
    };
  }

  /** A handler that runs for everybody. */
  Handler open(Handler operation) {
    return request -> {
      try {
        return operation.handle(request);
      } catch (BadField e) {
        return AdminAnswer.refused(e, clock.instant());
      } catch (Refusal e) {
        return AdminAnswer.refused(e, clock.instant());
      }
    };
  }

  private Answer answer(
      Request request,
      Caller caller,
      @Nullable String change,
      BiFunction<Request, Caller, Answer> operation) {
    try {
      return operation.apply(request, caller);
    } catch (BadField e) {
      return AdminAnswer.refused(e, clock.instant());
    } catch (Refusal e) {
      return refused(e, caller, change);
    }
  }

  private Answer refused(Refusal refusal, Caller caller, @Nullable String change) {
    if (change != null && refusal.status() == 403) {
      changes.recordRefusal(caller, change, refusal.error());
    }
    return AdminAnswer.refused(refusal, clock.instant());
  }

  /** Whether a token is for everybody, or for this very authority among others. */
  private static boolean isForUs(Verified token) {
    Object audience = token.claims().get(ClaimNames.AUDIENCE);
    Object issuer = token.claims().get(ClaimNames.ISSUER);
    return audience == null
        || audience.equals(EVERYBODY)
        || audience.equals(issuer)
        || (audience instanceof List<?> several && several.contains(issuer));
  }

  /** The JSON body of a request; {@code object} names what it should be. */
  static @Nullable Object body(Request request, String object) {
    String type = request.header("Content-Type");
    String media = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!media.isEmpty() && !media.equals("application/json") && !media.endsWith("+json")) {
      throw new Refusal(
          415, "unsupported_media_type", "The body must be JSON: Content-Type application/json.");
    }
    try {
      return Json.readValue(request.body(MAX_BODY));
    } catch (MalformedJson e) {
      throw new BadField(object, "(body)", "The body " + e.reason() + ".");
    }
  }

  /** The JSON object in the body of a request. */
  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  static Map<String, @Nullable Object> objectBody(Request request, String object) {
    if (body(request, object) instanceof Map<?, ?> map) {
      return (Map<String, @Nullable Object>) map;
    }
    throw new BadField(object, "(body)", "The body is not a JSON object.");
  }

  /** The text in the body of a request, of whatever media type. */
  static byte[] textBody(Request request) {
    return request.body(MAX_BODY);
  }

  /** What stands for a placeholder of the path. */
  static String path(Request request, String name) {
    String value = request.pathParameter(name);
    if (Field.hasNul(value)) {
      throw Refusal.notFound();
    }
    return value;
  }

  /** A parameter of the query that must stand there once. */
  static String parameter(Request request, String object, String name) {
    String value = optional(request, object, name);
    if (value == null) {
      throw new BadField(object, name, "must be given once in the query");
    }
    return value;
  }

  /** A parameter of the query that may stand there once, or null. */
  static @Nullable String optional(Request request, String object, String name) {
    Parameters query = request.query();
    String value = query.get(name);
    if (query.isRepeated(name)) {
      throw new BadField(object, name, "must be given once in the query");
    }
    if (value != null && Field.hasNul(value)) {
      throw Refusal.notFound();
    }
    return value;
  }

  /** Whether the query asks for what is not active any more. */
  static boolean inactive(Request request, String object) {
    return "true".equals(optional(request, object, "inactive"));
  }
}
