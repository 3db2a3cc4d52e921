# Varnish as a cache for the one call: the request's body is part of what is hashed. bench/compare fills in what stands
# between @s.
vcl 4.1;

import std;
import bodyaccess;

backend instance {
  .host = "@INSTANCE_HOST@";
  .port = "@INSTANCE_PORT@";
}

sub vcl_recv {
  if (req.method == "POST" && req.url == "/getChatRoomMember") {
    if (std.cache_req_body(16KB)) {
      return (hash);
    }
  }
  return (pass);
}

sub vcl_hash {
  hash_data(req.url);
  bodyaccess.hash_req_body();
  return (lookup);
}

sub vcl_backend_fetch {
  if (bereq.url == "/getChatRoomMember") {
    set bereq.method = "POST"; # a fetch for the cache would be a GET
  }
  return (fetch);
}

sub vcl_backend_response {
  if (beresp.status == 200 && bereq.url == "/getChatRoomMember") {
    set beresp.ttl = 1h;
    return (deliver);
  }
}

sub vcl_deliver {
  set resp.http.X-Cache = obj.hits;
  return (deliver);
}
