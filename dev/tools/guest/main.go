// What runs in the containers that tests put on a node: without a shell, without an image from elsewhere.
//
//	guest                     waits for a signal that ends it: what keeps the namespaces of a pod
//	guest dial ADDRESS…       says of each host:port whether a connection can be made: "open", "refused" or "silent"
//	guest get URL             prints the status and the body, with the token of the pod.s service account; certificates are not checked
package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const patience = 3 * time.Second

func wait() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}

func dial(address string) string {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err == nil {
		connection.Close()
		return "open"
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "silent"
	}
	return "refused"
}

func get(url string) error {
	client := &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/token"); err == nil {
		request.Header.Set("Authorization", "Bearer "+string(token))
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode)
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

func main() {
	var err error
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 0:
		wait()
	case arguments[0] == "dial":
		for _, address := range arguments[1:] {
			fmt.Println(address, dial(address))
		}
	case arguments[0] == "get" && len(arguments) == 2:
		err = get(arguments[1])
	default:
		err = fmt.Errorf("unknown: %v", arguments)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
