package no.portvakt.keyvault.azure;

import com.azure.core.http.HttpHeaderName;
import com.azure.core.http.HttpHeaders;
import com.azure.core.http.HttpResponse;
import com.azure.core.util.BinaryData;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import no.portvakt.keyvault.azure.FailureSentence.NoAnswer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An answer whose body has been read to its end, and is not too long. */
final class ReadAnswer extends HttpResponse {
  /** The longest body that is read, in bytes; a secret has 25 KB at most, a list 25 items. */
  static final int LARGEST = 256 * 1024;

  private final int status;
  private final HttpHeaders headers;
  private final byte[] body;

  private ReadAnswer(HttpResponse answer, byte[] body) {
    super(answer.getRequest());
    this.status = answer.getStatusCode();
    this.headers = answer.getHeaders();
    this.body = body;
  }

  /**
   * Reads an answer and closes it.
   *
   * @throws NoAnswer when it is too long
   */
  static ReadAnswer of(HttpResponse answer) throws IOException {
    try (answer;
        InputStream in = answer.getBodyAsBinaryData().toStream()) {
      byte[] body = in.readNBytes(LARGEST + 1);
      if (body.length > LARGEST) {
        throw new NoAnswer();
      }
      return new ReadAnswer(answer, body);
    }
  }

  byte[] body() {
    return body.clone();
  }

  @Override
  public int getStatusCode() {
    return status;
  }

  @Override
  @Deprecated
  public @Nullable String getHeaderValue(String name) {
    return headers.getValue(HttpHeaderName.fromString(name));
  }

  @Override
  public HttpHeaders getHeaders() {
    return headers;
  }

  @Override
  public Flux<ByteBuffer> getBody() {
    return Flux.just(ByteBuffer.wrap(body).asReadOnlyBuffer());
  }

  @Override
  public BinaryData getBodyAsBinaryData() {
    return BinaryData.fromBytes(body);
  }

  @Override
  public Mono<byte[]> getBodyAsByteArray() {
    return Mono.just(body());
  }

  @Override
  public Mono<String> getBodyAsString() {
    return getBodyAsString(StandardCharsets.UTF_8);
  }

  @Override
  public Mono<String> getBodyAsString(Charset charset) {
    return Mono.just(new String(body, charset));
  }

  @Override
  public HttpResponse buffer() {
    return this;
  }
}
