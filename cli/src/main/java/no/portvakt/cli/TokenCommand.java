package no.portvakt.cli;

import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.MaskinportenException;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt maskinporten token}: a token, alone on standard output. */
@Command(
    name = "token",
    description = {
      "Get a token, alone on standard output, for $(…).",
      "Who has it can use it until it expires."
    },
    mixinStandardHelpOptions = true)
final class TokenCommand implements Callable<Integer> {
  private static final String ROOM = "maskinporten/";

  @Mixin ClientOptions client = new ClientOptions();

  @Option(
      names = "--scope",
      description = "A scope to ask for; several times. Default: all that the client has.")
  List<String> scopes = new ArrayList<>();

  @Option(
      names = "--consumer-org",
      paramLabel = "ORGNO",
      description = "Act for this organisation, which has delegated the scope.")
  @Nullable String consumer;

  @Option(
      names = "--on-behalf-of",
      paramLabel = "NAME",
      description = "The older way to act for another: the name that is registered for it.")
  @Nullable String onBehalfOf;

  @Option(
      names = "--resource",
      paramLabel = "URI",
      description = "The API that the token is for; several times. It becomes `aud`.")
  List<String> resources = new ArrayList<>();

  @Option(
      names = "--pid",
      description = {
        "The person that the token is about: 11 digits. `-` reads them from standard input, where",
        "no list of processes shows them and no shell keeps them."
      })
  @Nullable String pid;

  @Option(
      names = "--system-user",
      paramLabel = "ORGNO[:REF]",
      description = "Act as the system user of this organisation, with this reference.")
  @Nullable String systemUser;

  @Option(names = "--consent", paramLabel = "ID", description = "Use this consent.")
  @Nullable UUID consent;

  @Option(
      names = "--consent-from",
      paramLabel = "URN",
      description = {
        "Who gave the consent, such as urn:altinn:organization:identifier-no:ORGNO. `-` reads it",
        "from standard input, for it may have a person number."
      })
  @Nullable String consentFrom;

  @Option(
      names = "--exchange",
      description = "Exchange it for a platform token, and write that one instead.")
  boolean exchange;

  @Option(
      names = "--platform-url",
      paramLabel = "BASE",
      description = {
        "The platform to exchange at. Default: MASKINPORTEN_PLATFORM_URL, else the one whose",
        "Maskinporten it is."
      })
  @Nullable String platformUrl;

  @Option(names = "--decode", description = "Write the header and the claims as JSON instead.")
  boolean decode;

  @Option(
      names = "--grant-only",
      description = {
        "Write the signed grant instead, for curl: the parameter `assertion`. It lives two minutes",
        "and gives one token."
      })
  boolean grantOnly;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Logging.start(Logging.Format.TEXT);
    if (grantOnly && exchange) {
      throw new CannotDo("--grant-only and --exchange exclude each other.");
    }
    if (Input.STANDARD.equals(pid) && Input.STANDARD.equals(consentFrom)) {
      throw new CannotDo("--pid and --consent-from can't both be read from standard input.");
    }
    ClientFile file = client.clientFile();
    TokenRequest request = request(file);
    String token = grantOnly ? grant(file, request) : token(file, request);
    PrintWriter out = spec.commandLine().getOut();
    out.println(decode ? decoded(token) : token);
    out.flush();
    return 0;
  }

  private TokenRequest request(@Nullable ClientFile file) {
    List<String> wanted = scopes.isEmpty() ? client.scopes(file) : scopes;
    if (wanted.isEmpty()) {
      throw new CannotDo("Which scope? --scope says it.");
    }
    try {
      TokenRequest.Builder request = TokenRequest.builder().scopes(wanted.toArray(String[]::new));
      resources.forEach(request::resource);
      if (consumer != null) {
        request.consumerOrg(consumer);
      }
      if (onBehalfOf != null) {
        request.onBehalfOf(onBehalfOf);
      }
      if (pid != null) {
        request.pid(given(pid));
      }
      if (systemUser != null) {
        String[] parts = systemUser.split(":", 2);
        request.systemUser(parts[0], parts.length == 1 ? null : parts[1]);
      }
      if ((consent == null) != (consentFrom == null)) {
        throw new CannotDo("--consent and --consent-from go together.");
      }
      if (consent != null && consentFrom != null) {
        request.consent(consent, given(consentFrom));
      }
      return (exchange ? request.altinn() : request).build();
    } catch (IllegalArgumentException e) {
      throw new CannotDo(String.valueOf(e.getMessage()));
    }
  }

  /** What an option says, itself or on standard input. */
  private static String given(String option) {
    return option.equals(Input.STANDARD) ? Input.line() : option;
  }

  private static String grant(@Nullable ClientFile file, TokenRequest request) {
    if (file == null) {
      throw new CannotDo("--grant-only needs a client file (--client), not variables.");
    }
    try {
      return file.grant(request, Instant.now());
    } catch (IllegalArgumentException e) {
      throw new CannotDo(String.valueOf(e.getMessage()));
    } catch (MaskinportenException e) {
      throw AdminCommand.refused(e);
    }
  }

  private String token(@Nullable ClientFile file, TokenRequest request) {
    try (MaskinportenClient maskinporten = client.open(file, exchange ? platform(file) : null)) {
      return maskinporten.token(request).value();
    } catch (MaskinportenException e) {
      throw AdminCommand.refused(e);
    }
  }

  /** Where to exchange; null: as the variables say. */
  private @Nullable String platform(@Nullable ClientFile file) {
    String issuer = client.issuer(file);
    if (platformUrl != null) {
      return platformUrl;
    }
    String named = System.getenv("MASKINPORTEN_PLATFORM_URL");
    if (named != null) {
      return named;
    }
    if (issuer != null && issuer.endsWith("/" + ROOM)) {
      return issuer.substring(0, issuer.length() - ROOM.length());
    }
    throw new CannotDo("Where is the platform? --platform-url says it.");
  }

  private static String decoded(String token) {
    try {
      CompactJws jws = CompactJws.parse(token);
      Map<String, Object> parts = new LinkedHashMap<>();
      parts.put("header", jws.header());
      parts.put("claims", jws.unverifiedClaims());
      return Json.writePretty(parts);
    } catch (MalformedToken e) {
      throw new CannotDo("The token is not a signed JWT, so there is nothing to decode.");
    }
  }
}
