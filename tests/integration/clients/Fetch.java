// Asks as Java's HttpClient does, an offer of HTTP/2 with every request: java Fetch.java BASE_URL BODY. One line an
// answer: name, base64.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.zip.GZIPInputStream;

public class Fetch {
  private static void ask(String name, HttpClient client, HttpRequest.Builder request, BodyPublisher body)
      throws Exception {
    var answer = client.send(request.timeout(Duration.ofSeconds(20)).POST(body).build(), BodyHandlers.ofByteArray());
    if (answer.statusCode() != 200) throw new IllegalStateException("status " + answer.statusCode());
    byte[] bytes = answer.body();
    if (answer.headers().firstValue("Content-Encoding").orElse("").equals("gzip"))
      bytes = new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
    System.out.println(name + " " + Base64.getEncoder().encodeToString(bytes));
  }

  public static void main(String[] arguments) throws Exception {
    var url = URI.create(arguments[0] + "/getChatRoomMember");
    var whole = BodyPublishers.ofString(arguments[1]);
    byte[] bytes = arguments[1].getBytes(StandardCharsets.UTF_8);
    var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes));
    var client = HttpClient.newHttpClient();
    for (int i = 0; i < 10; ++i) ask("keep-alive", client, HttpRequest.newBuilder(url), whole);
    for (int i = 0; i < 2; ++i) ask("chunked", client, HttpRequest.newBuilder(url), chunked);
    for (int i = 0; i < 2; ++i) ask("expect", client, HttpRequest.newBuilder(url).expectContinue(true), whole);
    ask("gzip", client, HttpRequest.newBuilder(url).header("Accept-Encoding", "gzip"), whole);
    var plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    ask("http/1.1", plain, HttpRequest.newBuilder(url), whole);
    System.exit(0); // its threads would linger
  }
}
