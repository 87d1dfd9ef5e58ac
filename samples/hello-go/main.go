// A Lambda runtime and its function in Go, standard library only.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

type event struct {
	Name string `json:"name"`
}

type answer struct {
	Greeting  string `json:"greeting"`
	RequestID string `json:"requestId"`
}

func handle(requestID string, body []byte) (any, error) {
	given := event{Name: "world"}
	if err := json.Unmarshal(body, &given); err != nil {
		return nil, err
	}
	log.Printf("greeting %s", given.Name)
	return answer{Greeting: fmt.Sprintf("Hello, %s!", given.Name), RequestID: requestID}, nil
}

func main() {
	log.SetFlags(0)
	invocation := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		if err := serveOne(invocation); err != nil {
			log.Fatal(err)
		}
	}
}

func serveOne(invocation string) error {
	next, err := http.Get(invocation + "next")
	if err != nil {
		return err
	}
	defer next.Body.Close()
	body, err := io.ReadAll(next.Body)
	if err != nil {
		return err
	}
	requestID := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
	result, failure := handle(requestID, body)
	if failure != nil {
		return post(invocation+requestID+"/error", map[string]any{
			"errorMessage": failure.Error(), "errorType": fmt.Sprintf("%T", failure),
		})
	}
	return post(invocation+requestID+"/response", result)
}

func post(url string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	reply, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, err = io.Copy(io.Discard, reply.Body)
	return err
}
